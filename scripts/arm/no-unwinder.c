/*
 * Linked into the 32-bit ARM binaries in the place of an unwinder.
 *
 * ARM's exception tables, which zig's C library brings along, name the first
 * three of these routines, and std's own unwinding names others, even where a
 * panic aborts at once. The linker would fetch zig's libunwind for them, with
 * printf in its train: 17 kB that nothing ever calls. Whoever comes here all
 * the same is stopped. A name that is missing here makes the link fail, since
 * libunwind then comes back and has these too.
 */
#define STOP(name) __attribute__((noreturn)) void name(void) { __builtin_trap(); }

STOP(__aeabi_unwind_cpp_pr0)
STOP(__aeabi_unwind_cpp_pr1)
STOP(__aeabi_unwind_cpp_pr2)
STOP(__gnu_unwind_frame)
STOP(_Unwind_Backtrace)
STOP(_Unwind_Complete)
STOP(_Unwind_DeleteException)
STOP(_Unwind_GetLanguageSpecificData)
STOP(_Unwind_GetRegionStart)
STOP(_Unwind_GetTextRelBase)
STOP(_Unwind_GetDataRelBase)
STOP(_Unwind_RaiseException)
STOP(_Unwind_Resume)
STOP(_Unwind_VRS_Get)
STOP(_Unwind_VRS_Set)
