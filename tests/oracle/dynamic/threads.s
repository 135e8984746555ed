# tests/oracle/dynamic/threads.s - a program in which many threads run through the same few instructions (self.sh): worker asks for the
# lowest bit of its argument, keeps it on the stack, and looks at it there.
        .text
        .globl main
parity: mov %edi,%eax
        and $1,%eax
        ret

worker: sub $24,%rsp
worker_call:
        call parity
worker_have:
        mov %eax,4(%rsp)
worker_spilled:
        cmpl $0,4(%rsp)
        jne worker_out
        nop
worker_out:
        add $24,%rsp
        ret
worker_end:

thread: push %rbx
        lock incl started(%rip)
0:      pause
        cmpl $8,started(%rip)
        jb 0b
        mov $400,%ebx
1:      mov %ebx,%edi
        call worker
        dec %ebx
        jnz 1b
        xor %eax,%eax
        pop %rbx
        ret

main:   push %rbx
        sub $64,%rsp
        xor %ebx,%ebx
1:      lea (%rsp,%rbx,8),%rdi
        xor %esi,%esi
        lea thread(%rip),%rdx
        xor %ecx,%ecx
        call pthread_create@PLT
        inc %ebx
        cmp $8,%ebx
        jne 1b
2:      dec %ebx
        mov (%rsp,%rbx,8),%rdi
        xor %esi,%esi
        call pthread_join@PLT
        test %ebx,%ebx
        jne 2b
        add $64,%rsp
        pop %rbx
        xor %eax,%eax
        ret
        .bss
started: .long 0
        .section .note.GNU-stack,"",@progbits
