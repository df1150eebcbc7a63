/*
 * wire.c - the agent's end of the socket, in a process that is not the lab's:
 * its program may close all descriptors and open others under the same
 * numbers. So the socket is known by its inode and looked at before each use.
 * None of this calls malloc.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent.h"

static int lab = -1;
static dev_t device;
static ino_t inode;

/*
 * True in the process that the lab itself started, also after it has executed another
 * program. Its children inherit environment and descriptors; they are not asked.
 */
bool agent_attach(int *memory)
{
	const char *value = getenv(AGENT_ENVIRONMENT);
	int socket, parent, type = 0;
	socklen_t length = sizeof type;
	struct stat s;
	if (!value || sscanf(value, "%d:%d:agent:%d", &socket, memory, &parent) != 3 || getppid() != parent)
		return false;
	if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_SEQPACKET || fstat(socket, &s) != 0)
		return false;
	if (fcntl(*memory, F_GET_SEALS) < 0) /* only memfds have seals */
		return false;
	lab = socket;
	device = s.st_dev;
	inode = s.st_ino;
	return true;
}

static bool is_ours(void)
{
	struct stat s;
	return fstat(lab, &s) == 0 && s.st_dev == device && s.st_ino == inode;
}

bool agent_send(uint32_t type, uint64_t a, uint64_t b, const char *text, size_t length)
{
	struct wire_message head = { .type = type, .length = (uint32_t)length, .a = a, .b = b };
	struct iovec parts[2] = { { &head, sizeof head }, { (void *)(uintptr_t)text, length } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = length ? 2 : 1 };
	ssize_t sent;
	do {
		if (!is_ours())
			return false;
		sent = sendmsg(lab, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

bool agent_receive(struct wire_message *head, char *text)
{
	struct iovec parts[2] = { { head, sizeof *head }, { text, WIRE_TEXT_MAX } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got;
	do {
		if (!is_ours())
			return false;
		got = recvmsg(lab, &message, 0);
	} while (got < 0 && errno == EINTR);
	if (got < (ssize_t)sizeof *head || head->length != (size_t)got - sizeof *head || (message.msg_flags & MSG_TRUNC))
		return false;
	text[head->length] = 0;
	return true;
}
