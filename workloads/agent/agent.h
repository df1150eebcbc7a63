/* agent.h - what the agent's own files share. */
#ifndef ALLOCLAB_AGENT_H
#define ALLOCLAB_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kit/probe.h"
#include "kit/wire.h"

/* "socket:memory:agent:parent", for example "900:901:agent:1234": the lab's process id is the parent. */
#define AGENT_ENVIRONMENT WIRE_ENVIRONMENT

/* wire.c: false as soon as the socket is no longer the lab's. */
bool agent_attach(int *memory);
bool agent_send(uint32_t type, uint64_t a, uint64_t b, const char *text, size_t length);
bool agent_receive(struct wire_message *head, char *text);

/* answers.c */
bool agent_say_hello(void);
bool agent_lay_out(int memory);
/* Answers commands until RESUME (true) or the lab's end (false). */
bool agent_obey(void);

/* regions.c: called once on the main thread, before any other. */
void agent_note_main_thread(void);
size_t agent_write_regions(struct wire_region *at, size_t room, const char *memory, size_t bytes);

#endif
