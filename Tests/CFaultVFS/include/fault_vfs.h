#ifndef TELEHEALTH_FAULT_VFS_H
#define TELEHEALTH_FAULT_VFS_H

#include <stdint.h>

/*
 * A layer over another SQLite VFS that remembers, per file, what a sync made durable and what was written
 * since. A "power cut" makes every later call fail; the files as they may be found after it are then written
 * elsewhere. Single calls can also be made to fail. Syncs are not passed on: what is durable is decided here.
 *
 * Isolation: any thread; one lock per instance.
 */
typedef struct fault_vfs fault_vfs;

/* Kinds of calls, as a mask. */
enum {
    FAULT_OPEN = 1,
    FAULT_READ = 2,
    FAULT_WRITE = 4,
    FAULT_TRUNCATE = 8,
    FAULT_SYNC = 16,
    FAULT_DELETE = 32,
    /* The calls that change what a power cut leaves. */
    FAULT_CHANGES = FAULT_WRITE | FAULT_TRUNCATE | FAULT_SYNC | FAULT_DELETE
};

/* What a power cut leaves of the writes after the last sync. */
enum {
    /* None of them. */
    FAULT_IMAGE_DROPPED = 0,
    /* Any subset (so any order), each of them whole or only some of its 512-byte sectors. */
    FAULT_IMAGE_TORN = 1,
    /* All of them: the process died, the machine lived on. */
    FAULT_IMAGE_KEPT = 2
};

/* Registers a VFS called `name` over the one called `base`; 0 when there is no such base. */
fault_vfs *fault_vfs_create(const char *name, const char *base);
/* Only when no file is open any more. */
void fault_vfs_destroy(fault_vfs *vfs);

/*
 * The `nth` call from now (1 is the next) of the given kinds returns `code`; with `persistent`, all after it
 * too. With `short_write` a failing write leaves the first half of its bytes behind.
 */
void fault_vfs_fail(fault_vfs *vfs, int kinds, int64_t nth, int persistent, int code, int short_write);
/* No call fails from now on; a power cut stays. */
void fault_vfs_heal(fault_vfs *vfs);
/* How many calls failed by `fault_vfs_fail`. */
int64_t fault_vfs_failures(fault_vfs *vfs);

/* The power is cut just before the `nth` change from now. */
void fault_vfs_cut_at(fault_vfs *vfs, int64_t nth);
int fault_vfs_is_cut(fault_vfs *vfs);
/* Changes asked for since the instance was made. */
int64_t fault_vfs_changes(fault_vfs *vfs);

/* Writes the files as they may be found now into `directory`, under their names. 0, or an errno. */
int fault_vfs_write_image(fault_vfs *vfs, const char *directory, int style, uint64_t seed);

#endif
