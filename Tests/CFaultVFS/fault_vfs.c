#include "fault_vfs.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512

/* One write or truncation after the last sync. */
typedef struct change {
    struct change *next;
    int64_t offset;       /* of a write; the new length of a truncation */
    int64_t count;        /* bytes written; -1 for a truncation */
    unsigned char bytes[];
} change;

typedef struct content {
    unsigned char *bytes;
    int64_t length;
} content;

typedef struct tracked {
    struct tracked *next;
    char *path;
    content durable;
    change *first, *last; /* since the last sync, oldest first */
    int exists;           /* now */
    int exists_durably;
    int syncs_directory;  /* its next sync makes the directory's names durable too */
} tracked;

struct fault_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *base;
    char *name;
    pthread_mutex_t lock;
    tracked *files;
    int64_t changes;
    int64_t changes_until_cut; /* 0: no cut is planned */
    int is_cut;
    int fail_kinds, fail_code, fail_persistently, fail_short;
    int64_t calls_until_failure;
    int64_t failures;
};

typedef struct fault_file {
    sqlite3_file file;
    fault_vfs *owner;
    tracked *tracked; /* 0 for temporary files */
    sqlite3_file *real;
} fault_file;

static void content_write(content *c, int64_t offset, const unsigned char *bytes, int64_t count) {
    if (offset + count > c->length) {
        c->bytes = realloc(c->bytes, (size_t)(offset + count));
        memset(c->bytes + c->length, 0, (size_t)(offset + count - c->length));
        c->length = offset + count;
    }
    memcpy(c->bytes + offset, bytes, (size_t)count);
}

static void content_resize(content *c, int64_t length) {
    if (length > c->length) {
        c->bytes = realloc(c->bytes, (size_t)length);
        memset(c->bytes + c->length, 0, (size_t)(length - c->length));
    }
    c->length = length;
}

static void content_apply(content *c, const change *x) {
    if (x->count < 0) content_resize(c, x->offset);
    else content_write(c, x->offset, x->bytes, x->count);
}

static void forget_changes(tracked *t) {
    while (t->first) {
        change *x = t->first;
        t->first = x->next;
        free(x);
    }
    t->last = 0;
}

static void record(tracked *t, int64_t offset, const void *bytes, int64_t count) {
    change *x = malloc(sizeof(change) + (size_t)(count > 0 ? count : 0));
    x->next = 0;
    x->offset = offset;
    x->count = count;
    if (count > 0) memcpy(x->bytes, bytes, (size_t)count);
    if (t->last) t->last->next = x;
    else t->first = x;
    t->last = x;
}

static tracked *find(fault_vfs *v, const char *path, int make) {
    for (tracked *t = v->files; t; t = t->next)
        if (strcmp(t->path, path) == 0) return t;
    if (!make) return 0;
    tracked *t = calloc(1, sizeof(tracked));
    t->path = strdup(path);
    t->next = v->files;
    v->files = t;
    return t;
}

/* The directory is synced: what exists is found again, what was deleted is gone. */
static void sync_names(fault_vfs *v) {
    for (tracked *t = v->files; t; t = t->next) {
        t->exists_durably = t->exists;
        if (!t->exists) t->durable.length = 0;
    }
}

/* Counts a call. Returns SQLITE_OK when it may go on, else what it must return. The lock is held. */
static int permit(fault_vfs *v, int kind, int when_cut) {
    if (v->is_cut) return when_cut;
    if (kind & FAULT_CHANGES) {
        v->changes++;
        if (v->changes_until_cut > 0 && --v->changes_until_cut == 0) {
            v->is_cut = 1;
            return when_cut;
        }
    }
    if ((v->fail_kinds & kind) && v->calls_until_failure > 0) {
        if (v->calls_until_failure > 1) v->calls_until_failure--;
        else {
            if (!v->fail_persistently) v->calls_until_failure = 0;
            v->failures++;
            return v->fail_code;
        }
    }
    return SQLITE_OK;
}

static fault_file *of(sqlite3_file *f) { return (fault_file *)f; }

static sqlite3_file *real_of(sqlite3_file *f) { return of(f)->real; }
static const sqlite3_io_methods *base_of(sqlite3_file *f) { return of(f)->real->pMethods; }

static int file_close(sqlite3_file *f) { return base_of(f) ? base_of(f)->xClose(real_of(f)) : SQLITE_OK; }

static int file_read(sqlite3_file *f, void *bytes, int count, sqlite3_int64 offset) {
    fault_vfs *v = of(f)->owner;
    pthread_mutex_lock(&v->lock);
    int code = permit(v, FAULT_READ, SQLITE_IOERR_READ);
    pthread_mutex_unlock(&v->lock);
    return code != SQLITE_OK ? code : base_of(f)->xRead(real_of(f), bytes, count, offset);
}

static int file_write(sqlite3_file *f, const void *bytes, int count, sqlite3_int64 offset) {
    fault_vfs *v = of(f)->owner;
    pthread_mutex_lock(&v->lock);
    int was_cut = v->is_cut;
    int code = permit(v, FAULT_WRITE, SQLITE_IOERR_WRITE);
    int written = count;
    if (code != SQLITE_OK) written = v->is_cut ? 0 : (v->fail_short ? count / 2 : 0);
    /* The write that the cut interrupts may have reached the disk in part. */
    if (v->is_cut && !was_cut && of(f)->tracked) record(of(f)->tracked, offset, bytes, count);
    if (written > 0) {
        int real = base_of(f)->xWrite(real_of(f), bytes, written, offset);
        if (real != SQLITE_OK) code = real;
        else if (of(f)->tracked) record(of(f)->tracked, offset, bytes, written);
    }
    pthread_mutex_unlock(&v->lock);
    return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 length) {
    fault_vfs *v = of(f)->owner;
    pthread_mutex_lock(&v->lock);
    int code = permit(v, FAULT_TRUNCATE, SQLITE_IOERR_TRUNCATE);
    if (code == SQLITE_OK) code = base_of(f)->xTruncate(real_of(f), length);
    if (code == SQLITE_OK && of(f)->tracked) record(of(f)->tracked, length, 0, -1);
    pthread_mutex_unlock(&v->lock);
    return code;
}

static int file_sync(sqlite3_file *f, int flags) {
    (void)flags;
    fault_vfs *v = of(f)->owner;
    pthread_mutex_lock(&v->lock);
    int code = permit(v, FAULT_SYNC, SQLITE_IOERR_FSYNC);
    tracked *t = of(f)->tracked;
    if (code == SQLITE_OK && t) {
        for (change *x = t->first; x; x = x->next) content_apply(&t->durable, x);
        forget_changes(t);
        if (t->syncs_directory) sync_names(v);
        t->syncs_directory = 0;
    }
    pthread_mutex_unlock(&v->lock);
    return code;
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size) { return base_of(f)->xFileSize(real_of(f), size); }
static int file_lock(sqlite3_file *f, int level) { return base_of(f)->xLock(real_of(f), level); }
static int file_unlock(sqlite3_file *f, int level) { return base_of(f)->xUnlock(real_of(f), level); }
static int file_reserved(sqlite3_file *f, int *out) {
    return base_of(f)->xCheckReservedLock(real_of(f), out);
}
static int file_control(sqlite3_file *f, int op, void *argument) {
    return base_of(f)->xFileControl(real_of(f), op, argument);
}
static int file_sector(sqlite3_file *f) { return base_of(f)->xSectorSize(real_of(f)); }
static int file_device(sqlite3_file *f) { return base_of(f)->xDeviceCharacteristics(real_of(f)); }
static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    return base_of(f)->xShmMap(real_of(f), page, size, extend, out);
}
static int file_shm_lock(sqlite3_file *f, int offset, int count, int flags) {
    return base_of(f)->xShmLock(real_of(f), offset, count, flags);
}
static void file_shm_barrier(sqlite3_file *f) { base_of(f)->xShmBarrier(real_of(f)); }
static int file_shm_unmap(sqlite3_file *f, int delete_it) {
    return base_of(f)->xShmUnmap(real_of(f), delete_it);
}

static const sqlite3_io_methods methods = {
    2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock,
    file_reserved, file_control, file_sector, file_device, file_shm_map, file_shm_lock, file_shm_barrier,
    file_shm_unmap, 0, 0,
};

/* What is in the file before we saw it counts as durable. */
static void adopt(tracked *t, sqlite3_file *real) {
    sqlite3_int64 length = 0;
    if (real->pMethods->xFileSize(real, &length) != SQLITE_OK || length == 0) return;
    content_resize(&t->durable, length);
    real->pMethods->xRead(real, t->durable.bytes, (int)length, 0);
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out_flags) {
    fault_vfs *v = (fault_vfs *)vfs;
    fault_file *file = of(f);
    file->file.pMethods = 0;
    file->owner = v;
    file->tracked = 0;
    file->real = (sqlite3_file *)(file + 1);
    pthread_mutex_lock(&v->lock);
    int code = permit(v, FAULT_OPEN, SQLITE_CANTOPEN);
    int there = 0;
    /* Not xAccess, to which an empty file is none. */
    if (code == SQLITE_OK && path) there = access(path, F_OK) == 0;
    if (code == SQLITE_OK) code = v->base->xOpen(v->base, path, file->real, flags, out_flags);
    if (code == SQLITE_OK) {
        file->file.pMethods = &methods;
        if (path) {
            tracked *t = find(v, path, 0);
            if (!t) {
                t = find(v, path, 1);
                t->exists_durably = there;
                adopt(t, file->real);
            }
            /* As the unix VFS does for new journals and WALs. */
            if (!there && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))) t->syncs_directory = 1;
            t->exists = 1;
            file->tracked = t;
        }
    }
    pthread_mutex_unlock(&v->lock);
    return code;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
    fault_vfs *v = (fault_vfs *)vfs;
    pthread_mutex_lock(&v->lock);
    int code = permit(v, FAULT_DELETE, SQLITE_IOERR_DELETE);
    if (code == SQLITE_OK) code = v->base->xDelete(v->base, path, sync_directory);
    tracked *t = find(v, path, 0);
    if (code == SQLITE_OK && t) {
        t->exists = 0;
        forget_changes(t);
        if (sync_directory) sync_names(v);
    }
    pthread_mutex_unlock(&v->lock);
    return code;
}

static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xAccess(v->base, path, flags, out);
}
static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int count, char *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xFullPathname(v->base, path, count, out);
}
static int vfs_randomness(sqlite3_vfs *vfs, int count, char *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xRandomness(v->base, count, out);
}
static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xSleep(v->base, microseconds);
}
static int vfs_time(sqlite3_vfs *vfs, double *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xCurrentTime(v->base, out);
}
static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xCurrentTimeInt64(v->base, out);
}
static int vfs_last_error(sqlite3_vfs *vfs, int count, char *out) {
    fault_vfs *v = (fault_vfs *)vfs;
    return v->base->xGetLastError(v->base, count, out);
}

fault_vfs *fault_vfs_create(const char *name, const char *base_name) {
    sqlite3_vfs *base = sqlite3_vfs_find(base_name);
    if (!base) return 0;
    fault_vfs *v = calloc(1, sizeof(fault_vfs));
    v->base = base;
    v->name = strdup(name);
    pthread_mutex_init(&v->lock, 0);
    v->vfs.iVersion = 2;
    v->vfs.szOsFile = (int)sizeof(fault_file) + base->szOsFile;
    v->vfs.mxPathname = base->mxPathname;
    v->vfs.zName = v->name;
    v->vfs.xOpen = vfs_open;
    v->vfs.xDelete = vfs_delete;
    v->vfs.xAccess = vfs_access;
    v->vfs.xFullPathname = vfs_full_path;
    v->vfs.xRandomness = vfs_randomness;
    v->vfs.xSleep = vfs_sleep;
    v->vfs.xCurrentTime = vfs_time;
    v->vfs.xGetLastError = vfs_last_error;
    v->vfs.xCurrentTimeInt64 = vfs_time64;
    sqlite3_vfs_register(&v->vfs, 0);
    return v;
}

void fault_vfs_destroy(fault_vfs *v) {
    sqlite3_vfs_unregister(&v->vfs);
    while (v->files) {
        tracked *t = v->files;
        v->files = t->next;
        forget_changes(t);
        free(t->durable.bytes);
        free(t->path);
        free(t);
    }
    pthread_mutex_destroy(&v->lock);
    free(v->name);
    free(v);
}

void fault_vfs_fail(fault_vfs *v, int kinds, int64_t nth, int persistent, int code, int short_write) {
    pthread_mutex_lock(&v->lock);
    v->fail_kinds = kinds;
    v->calls_until_failure = nth;
    v->fail_persistently = persistent;
    v->fail_code = code;
    v->fail_short = short_write;
    pthread_mutex_unlock(&v->lock);
}

void fault_vfs_heal(fault_vfs *v) { fault_vfs_fail(v, 0, 0, 0, 0, 0); }

static int64_t locked(fault_vfs *v, const int64_t *value) {
    pthread_mutex_lock(&v->lock);
    int64_t result = *value;
    pthread_mutex_unlock(&v->lock);
    return result;
}

int64_t fault_vfs_failures(fault_vfs *v) { return locked(v, &v->failures); }
int64_t fault_vfs_changes(fault_vfs *v) { return locked(v, &v->changes); }

void fault_vfs_cut_at(fault_vfs *v, int64_t nth) {
    pthread_mutex_lock(&v->lock);
    v->changes_until_cut = nth;
    pthread_mutex_unlock(&v->lock);
}

int fault_vfs_is_cut(fault_vfs *v) {
    pthread_mutex_lock(&v->lock);
    int result = v->is_cut;
    pthread_mutex_unlock(&v->lock);
    return result;
}

/* splitmix64: the same seed gives the same image. */
static uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Applies a change as a cut may have left it: not at all, whole, or sector by sector. */
static void apply_torn(content *c, const change *x, uint64_t *random) {
    uint64_t fate = next_random(random) % 4;
    if (fate == 0) return;
    if (fate < 3 || x->count < 0) return content_apply(c, x);
    for (int64_t done = 0; done < x->count;) {
        int64_t sector_end = ((x->offset + done) / SECTOR + 1) * SECTOR;
        int64_t count = sector_end - (x->offset + done);
        if (count > x->count - done) count = x->count - done;
        if (next_random(random) & 1) content_write(c, x->offset + done, x->bytes + done, count);
        done += count;
    }
}

static int write_file(const char *directory, const char *path, const content *c) {
    const char *name = strrchr(path, '/');
    char target[4096];
    snprintf(target, sizeof target, "%s/%s", directory, name ? name + 1 : path);
    FILE *out = fopen(target, "wb");
    if (!out) return errno;
    size_t written = c->length ? fwrite(c->bytes, 1, (size_t)c->length, out) : 0;
    int closed = fclose(out);
    return written == (size_t)c->length && closed == 0 ? 0 : EIO;
}

int fault_vfs_write_image(fault_vfs *v, const char *directory, int style, uint64_t seed) {
    int result = 0;
    uint64_t random = seed;
    pthread_mutex_lock(&v->lock);
    for (tracked *t = v->files; t && result == 0; t = t->next) {
        int exists = t->exists_durably;
        int takes_new_names = style == FAULT_IMAGE_TORN && (next_random(&random) & 1);
        if (style == FAULT_IMAGE_KEPT || takes_new_names) exists = t->exists;
        if (!exists) continue;
        content c = {0, 0};
        content_resize(&c, t->durable.length);
        if (t->durable.length) memcpy(c.bytes, t->durable.bytes, (size_t)t->durable.length);
        for (change *x = t->first; x && style != FAULT_IMAGE_DROPPED; x = x->next) {
            if (style == FAULT_IMAGE_KEPT) content_apply(&c, x);
            else apply_torn(&c, x, &random);
        }
        result = write_file(directory, t->path, &c);
        free(c.bytes);
    }
    pthread_mutex_unlock(&v->lock);
    return result;
}
