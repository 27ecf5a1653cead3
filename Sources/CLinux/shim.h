// Linux system calls and constants that Glibc does not import, for EventCore alone.
#ifndef TELEHEALTH_CLINUX_SHIM_H
#define TELEHEALTH_CLINUX_SHIM_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// accept4 and pthread_setname_np are declared only under _GNU_SOURCE. Defining that here would give the C library's
// structs other members than the toolchain's own Glibc module sees, so these two are declared by hand.

static inline int telehealth_accept4(int fd, struct sockaddr *address, socklen_t *length) {
    extern int accept4(int, struct sockaddr *, socklen_t *, int);
    return accept4(fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static inline int telehealth_set_thread_name(const char *name) {
    extern int pthread_setname_np(pthread_t, const char *);
    return pthread_setname_np(pthread_self(), name);
}

// EPOLLIN and friends are members of an anonymous-ish enum; plain integers read better in Swift.

static const uint32_t telehealth_epoll_in = EPOLLIN;
static const uint32_t telehealth_epoll_out = EPOLLOUT;
static const uint32_t telehealth_epoll_err = EPOLLERR;
static const uint32_t telehealth_epoll_hup = EPOLLHUP;
static const uint32_t telehealth_epoll_rdhup = EPOLLRDHUP;
static const uint32_t telehealth_epoll_et = EPOLLET;

static const int telehealth_sock_stream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;

/// MSG_NOSIGNAL: a write to a closed peer is EPIPE, never SIGPIPE.
static inline ssize_t telehealth_send(int fd, const void *bytes, size_t count) {
    return send(fd, bytes, count, MSG_NOSIGNAL);
}

/// The heap's free pages, of all arenas. glibc's own: other libraries have no such call.
static inline void telehealth_give_back_heap(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

/// Nanoseconds of CLOCK_MONOTONIC.
static inline uint64_t telehealth_monotonic_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline int telehealth_epoll_control(int epfd, int operation, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event;
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epfd, operation, fd, &event);
}
/// epoll_event is packed on x86-64; read its members here.
static inline uint64_t telehealth_epoll_token(const struct epoll_event *event) { return event->data.u64; }
static inline uint32_t telehealth_epoll_events(const struct epoll_event *event) { return event->events; }

#endif
