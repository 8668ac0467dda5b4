/*
 * Atomic operations for Thumb-1 code on ARMv6.
 *
 * ARMv6 has ldrex and strex in ARM state only, so the compiler calls these functions instead. This file is compiled to
 * ARM code, where the builtins are inline.
 */
#include <stdint.h>

#define EXCHANGE(bytes, type) \
    type exchange_##bytes(volatile type *at, type value) __asm__("__sync_lock_test_and_set_" #bytes); \
    type exchange_##bytes(volatile type *at, type value) { return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST); }
EXCHANGE(1, uint8_t)
EXCHANGE(4, uint32_t)

#define COMPARE(bytes, type) \
    type compare_##bytes(volatile type *at, type old, type value) __asm__("__sync_val_compare_and_swap_" #bytes); \
    type compare_##bytes(volatile type *at, type old, type value) { \
        __atomic_compare_exchange_n(at, &old, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
        return old; \
    }
COMPARE(1, uint8_t)
COMPARE(4, uint32_t)

#define FETCH(operation) \
    uint32_t fetch_##operation(volatile uint32_t *at, uint32_t value) __asm__("__sync_fetch_and_" #operation "_4"); \
    uint32_t fetch_##operation(volatile uint32_t *at, uint32_t value) { \
        return __atomic_fetch_##operation(at, value, __ATOMIC_SEQ_CST); \
    }
FETCH(add)
FETCH(sub)
FETCH(and)
FETCH(or)
FETCH(xor)

void synchronize(void) __asm__("__sync_synchronize");
void synchronize(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/*
 * Eight bytes: ldrexd and strexd, which every Pi has (ARMv6K). They are written as numbers, because their names would
 * mark the whole program as ARMv6K.
 */
static uint64_t swap(volatile uint64_t *at, uint64_t old, uint64_t value, int always) {
    register volatile uint64_t *place __asm__("r0") = at;
    register uint64_t seen __asm__("r2");
    register uint64_t next __asm__("r4") = value;
    register uint32_t failed __asm__("r1");
    synchronize();
    do {
        __asm__ volatile(".inst 0xe1b02f9f /* ldrexd r2, r3, [r0] */" : "=r"(seen) : "r"(place) : "memory");
        if (!always && seen != old) break;
        __asm__ volatile(".inst 0xe1a01f94 /* strexd r1, r4, r5, [r0] */"
                         : "=&r"(failed) : "r"(place), "r"(next) : "memory");
    } while (failed);
    synchronize();
    return seen;
}

uint64_t exchange_8(volatile uint64_t *at, uint64_t value) __asm__("__sync_lock_test_and_set_8");
uint64_t exchange_8(volatile uint64_t *at, uint64_t value) { return swap(at, 0, value, 1); }

uint64_t compare_8(volatile uint64_t *at, uint64_t old, uint64_t value) __asm__("__sync_val_compare_and_swap_8");
uint64_t compare_8(volatile uint64_t *at, uint64_t old, uint64_t value) { return swap(at, old, value, 0); }
