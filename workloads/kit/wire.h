/*
 * wire.h - the contract between the lab and a measured process.
 *
 * Two descriptors are inherited. A SEQPACKET socket carries messages; a memfd,
 * mapped shared by both, carries everything that is larger or that must be
 * read while threads run: a header page, telemetry lanes with one writer each,
 * and a window through which a parked process passes lists. Package
 * runner/wire mirrors this file; a test compiles it and compares every offset.
 */
#ifndef ALLOCLAB_WIRE_H
#define ALLOCLAB_WIRE_H

#include <stdint.h>

#define WIRE_VERSION 1u
#define WIRE_MAGIC 0x62616c636f6c6c61ull /* "alloclab" */

/* Environment: "socket:memfd:runtime", for example "3:4:c" or "3:4:go". Both descriptors must be what they claim. */
#define WIRE_ENVIRONMENT "ALLOCLAB_WIRE"

#define WIRE_TEXT_MAX 8000u /* of one message; a SEQPACKET datagram is never split */

enum wire_type {
	/* target -> lab */
	WIRE_HELLO = 1, /* text: key=value lines (version, runtime, dialect, served_by, allocator_version, opt.…) */
	WIRE_READY = 2, /* header page is filled in; all memory of the lab's is mapped and touched */
	WIRE_MARK = 3,  /* all threads parked. a: index; text: name, then "figure value" lines of the workload */
	WIRE_DONE = 4,  /* answer to a command. a: bytes or entries in the window, b: 1 if more follow; for purge and flush a: ns, b: 1 if there is such a call; text: after a purge, figures as at a mark */
	WIRE_FAIL = 5,  /* text: what failed; the target ends after it unless it answers a command */
	/* lab -> target */
	WIRE_GO = 16,     /* text: "workload=NAME", then "parameter=value" lines in base units; "seed=", "pass=" and "purge_every=" (seconds) too */
	WIRE_STATS = 17,  /* allocator statistics, as "name value" lines, into the window */
	WIRE_LIST = 18,   /* block list into the window; a: 1 to start anew, 0 for the next part */
	WIRE_REGIONS = 19, /* memory ranges that are not an allocator's heap, into the window */
	WIRE_FLUSH = 20,  /* each worker flushes its own thread cache; b: 1 if the allocator has such a call */
	WIRE_PURGE = 21,  /* the allocator is told to give back what it can */
	WIRE_RETIRE = 22, /* workers end and are joined */
	WIRE_RESUME = 23, /* go on to the next mark */
	WIRE_BYE = 24,    /* exit(0) */
	WIRE_STAMP = 25,  /* a: a number, which the target stamps into what traces it */
	WIRE_POLL = 26,   /* to an agent whose hello says polls=1: a few statistics while threads run. Answer: text: "name value" lines, a: ns of processor time that they took */
};

/*
 * A stamp delimits phases exactly for who watches from outside. It is one
 * madvise(WIRE_STAMP_ADDRESS + number * WIRE_STAMP_STEP, 0, MADV_NORMAL) from kit_stamp(): of no
 * bytes, so without effect, and at an address (of any page size) that no allocator asks for.
 * strace logs the call, callgrind dumps its counts before the function.
 */
#define WIRE_STAMP_ADDRESS 0x616c6c6f0000ull /* "allo" */
#define WIRE_STAMP_STEP 0x10000u

struct wire_message {
	uint32_t type;
	uint32_t length; /* of the text that follows */
	uint64_t a;
	uint64_t b;
};

/* Latency of malloc (0) and free (1) by size class and bucket; latency.h says how values map to buckets. */
#define WIRE_LATENCY_CLASSES 8u
#define WIRE_LATENCY_SUB 16u
#define WIRE_LATENCY_BUCKETS 592u /* up to 2^40 ns */

struct wire_latency {
	uint64_t count[2][WIRE_LATENCY_CLASSES][WIRE_LATENCY_BUCKETS];
	uint64_t max[2][WIRE_LATENCY_CLASSES]; /* ns, exact */
};

/* Begins the memfd. The target writes it before READY. */
struct wire_header {
	uint64_t magic;
	uint32_t version;
	uint32_t lane_count;
	uint64_t lane_offset;   /* of lane 0, from the start of the memfd */
	uint64_t window_offset;
	uint64_t window_bytes;
	uint64_t latency_offset; /* of lane 0's struct wire_latency, one for each lane; 0 but in pass latency */
	uint64_t timer_ns;      /* what reading the clock costs here, median; each latency contains it about once */
	uint64_t total_bytes;   /* of the memfd: all of it is mapped and touched before READY */
};

/*
 * One lane a thread; lane 0 is the main thread's. Its owner counts in
 * registers and stores here every 256 operations: at every operation it cost
 * 7-19 % (docs/process-model.md). live_* may be negative in one lane where blocks are
 * freed by another thread than the one that asked for them; their sum is not.
 */
struct wire_lane {
	uint64_t operations;
	int64_t live_bytes;  /* asked for and not yet freed */
	int64_t live_blocks;
	uint64_t allocations;
	uint64_t frees;
	uint64_t null_returns; /* malloc returned NULL */
	uint64_t corruptions;  /* a block did not hold what was written to it */
	uint64_t work_ns;      /* wall time of the timed part */
	uint64_t work_cpu_ns;  /* CPU time of the same */
	uint64_t wait_ns;      /* part of work_ns spent waiting of its own accord */
	uint64_t reserved[6];
};

/* One entry of a block list. */
struct wire_block {
	uint64_t address;
	uint64_t requested;
	uint64_t usable;
};

enum wire_region_kind {
	WIRE_REGION_LAB = 1,   /* the lab's own memory */
	WIRE_REGION_STACK = 2, /* a thread's stack, with its TLS and descriptor */
	WIRE_REGION_LOAD = 3,  /* a PT_LOAD segment of the program or a library */
	WIRE_REGION_TLS = 4,   /* the main thread's TLS and descriptor */
	WIRE_REGION_RUNTIME = 5, /* reserved by the Go runtime (runtime = "go") */
	WIRE_REGION_UNMANAGED = 6, /* mapped by a program itself, for no allocator; never sent: agent/census/ring.h tells of it */
};

struct wire_region {
	uint64_t start;
	uint64_t end;
	uint32_t kind;
	uint32_t reserved;
};

#endif
