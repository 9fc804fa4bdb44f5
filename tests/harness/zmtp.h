/*
 * zmtp.h - bare TCP connections that speak as little ZeroMQ as they like.
 */
#ifndef TESTS_HARNESS_ZMTP_H
#define TESTS_HARNESS_ZMTP_H

#include <stddef.h>

/* Connected to a port of 127.0.0.1; blocking, but for no longer than
 * ZMTP_MS at a time. */
enum { ZMTP_MS = 60000 };
int zmtp_connect(int port);

/* The same without the test failing; -1: it did not work. */
int zmtp_try(int port);

/* A listening socket at a port of 127.0.0.1, and the next one that comes. */
int zmtp_listen(int port);
int zmtp_accept(int fd);

/* What ZMTP 3.0 begins with, and names a mechanism in ("NULL", "CURVE"). */
void zmtp_greet(int fd, const char *mechanism);

/* The whole of it without keys, as a "DEALER" or "ROUTER". */
void zmtp_shake(int fd, const char *type);

/* Sends part over and over, until it is cut off or `most` bytes have left;
 * how many did. */
size_t zmtp_pour(int fd, const char *part, size_t n, size_t most);

#endif
