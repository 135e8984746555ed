/* analysis/summary_names.c - what a callee's name says of it: functions that POSIX, C, the Itanium C++ ABI or Rust document as not
 * returning, or returning twice. */
#include "analysis/summary_parts.h"

#include "elf/plt.h"

#define NAME(text)                                                                                                     \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

static const Str noreturn_names[] = {
    NAME("abort"),
    NAME("exit"),
    NAME("_exit"),
    NAME("_Exit"),
    NAME("quick_exit"),
    NAME("__stack_chk_fail"),
    NAME("__assert_fail"),
    NAME("__assert"),
    NAME("__assert_perror_fail"),
    NAME("__fortify_fail"),
    NAME("__chk_fail"),
    NAME("longjmp"),
    NAME("_longjmp"),
    NAME("siglongjmp"),
    NAME("__longjmp_chk"),
    NAME("pthread_exit"),
    NAME("err"),
    NAME("errx"),
    NAME("verr"),
    NAME("verrx"),
    NAME("__cxa_throw"),
    NAME("__cxa_rethrow"),
    NAME("__cxa_bad_cast"),
    NAME("__cxa_bad_typeid"),
    NAME("__cxa_throw_bad_array_new_length"),
    NAME("__cxa_pure_virtual"),
    NAME("__cxa_call_unexpected"),
    NAME("__cxa_call_terminate"),
    NAME("_Unwind_Resume"),
    NAME("_ZSt9terminatev"),
    NAME("_ZSt10unexpectedv"),
    NAME("_ZSt17__throw_bad_allocv"),
    NAME("_ZSt20__throw_length_errorPKc"),
    NAME("_ZSt19__throw_logic_errorPKc"),
    NAME("_ZSt20__throw_out_of_rangePKc"),
    NAME("_ZSt24__throw_out_of_range_fmtPKcz"),
    NAME("_ZSt24__throw_invalid_argumentPKc"),
    NAME("_ZSt25__throw_bad_function_callv"),
    NAME("_ZSt16__throw_bad_castv"),
    NAME("_ZSt21__throw_runtime_errorPKc"),
    NAME("_ZSt20__throw_system_errori"),
    NAME("_ZSt28__throw_bad_array_new_lengthv"),
    NAME("_ZSt18__throw_bad_typeidv"),
    NAME("__libc_start_main"),
    NAME("__libc_fatal"),
    NAME("__libc_message"),
    NAME("thrd_exit"),
    NAME("exit_group"),
    NAME("rust_begin_unwind"),
    NAME("rust_panic"),
    NAME("__rust_start_panic"),
};

static const Str twice_names[] = {
    NAME("setjmp"), NAME("_setjmp"), NAME("__setjmp"),   NAME("sigsetjmp"),    NAME("__sigsetjmp"),
    NAME("vfork"),  NAME("__vfork"), NAME("getcontext"), NAME("__getcontext"), NAME("savectx"),
};

static bool name_among(Str name, const Str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, list[i]))
            return true;
    return false;
}

Summary summary_by_abi(const Program *program)
{
    uint32_t kept = program->is_go ? 1u << REG_RSP : (uint32_t)ABI_KEPT;
    return (Summary){.effect = {.kept_abi = kept}};
}

/* __libc_start_main is called by _start only, whose code after it is a hlt: it is listed above for that. */
Summary summary_by_name(const Program *program, Str name)
{
    Summary s = summary_by_abi(program);
    s.effect.noreturn = name_among(name, noreturn_names, sizeof noreturn_names / sizeof *noreturn_names);
    s.effect.returns_twice = name_among(name, twice_names, sizeof twice_names / sizeof *twice_names);
    return s;
}

bool summary_named_noreturn(const Program *program, Addr target)
{
    Str name;
    Addr end;
    return plt_target(&program->image, &program->slots, target, &name, &end) && name.p &&
           name_among(name, noreturn_names, sizeof noreturn_names / sizeof *noreturn_names);
}
