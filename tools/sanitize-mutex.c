// Tells ThreadSanitizer what Swift's Mutex does when it is contended.
//
// Swift's Mutex takes the uncontended path in the program's own code, which is instrumented; the contended path is in
// libswiftSynchronization, which is not, and the kernel hands the lock over (FUTEX_LOCK_PI). ThreadSanitizer then sees
// two threads in the same critical section. Preloaded in front of that library, these two functions add the edges it
// misses and do nothing else. tools/sanitize builds and preloads it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

// Present in programs built with -sanitize=thread.
__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

// Swift's calling convention passes `self` as the context.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

typedef SWIFT void (*LockSlow)(uint32_t thread, SELF);
typedef SWIFT void (*UnlockSlow)(SELF);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
    static LockSlow next;
    if (!next) next = (LockSlow)dlsym(RTLD_NEXT, LOCK_SLOW);
    next(thread, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF) {
    static UnlockSlow next;
    if (!next) next = (UnlockSlow)dlsym(RTLD_NEXT, UNLOCK_SLOW);
    if (__tsan_release) __tsan_release(self);
    next(self);
}
