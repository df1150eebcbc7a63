// Command service is a Go program with C in it, under load: three C threads
// that malloc and free, and a Go heap that turns over.
package main

/*
#cgo CFLAGS: -O1 -fno-builtin-malloc -fno-builtin-free
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static long turns[4];

static void *work(void *seed)
{
	unsigned random = (unsigned)(size_t)seed;
	void *blocks[2000] = {0};
	for (;;) {
		int i = random % 2000;
		random = random * 1103515245u + 12345u;
		size_t size = 16 + random % 60000;
		free(blocks[i]);
		blocks[i] = malloc(size);
		memset(blocks[i], 1, size);
		__atomic_fetch_add(&turns[(size_t)seed], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int warm(long threads)
{
	for (long i = 1; i <= threads; i++)
		if (__atomic_load_n(&turns[i], __ATOMIC_RELAXED) < 4000)
			return 0;
	return 1;
}

static void start(long threads)
{
	pthread_t thread;
	for (long i = 1; i <= threads; i++)
		pthread_create(&thread, NULL, work, (void *)i);
}
*/
import "C"

import (
	"fmt"
	"time"
)

func main() {
	const threads = 3
	C.start(threads)
	var kept [][]byte
	for ready := false; ; time.Sleep(200 * time.Microsecond) {
		block := make([]byte, 1<<16)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		if kept = append(kept, block); len(kept) > 400 {
			kept = kept[100:]
		}
		if !ready && len(kept) == 400 && C.warm(threads) != 0 {
			fmt.Println("ready")
			ready = true
		}
	}
}
