# tests/oracle/dynamic/self.s - a program whose variables are known exactly, for trying the dynamic oracle on itself: a loop with a
# jump table and calls, recursion, a signal handler that interrupts the loop, a string instruction, longjmp over a waiting
# activation. self.sh says where its variables are.
        .text
        .globl  main, loop, recurse, copy, jumper
ext:    lea     (%rdi,%rdi,2), %eax
        ret

# loop(n = edi, p = rsi): v is loaded from p[i] and lives in edi, spilled to 8(%rsp) over the call.
loop:   sub     $24, %rsp
        xor     %edx, %edx
        lea     table(%rip), %r8
        lea     (%rsi,%rdi,4), %rcx
loop_load:
        mov     (%rsi), %edi
loop_have:
        cmp     $1000, %edi
        je      loop_call
        cmp     $3, %edi
        ja      loop_next
        movslq  (%r8,%rdi,4), %rax
        add     %r8, %rax
loop_jump:
        jmp     *%rax
case0:  add     $3, %edx
        jmp     loop_next
case1:  add     $5, %edx
        jmp     loop_next
case2:  xor     $77, %edx
        jmp     loop_next
case3:  sub     $9, %edx
        jmp     loop_next
loop_call:
        mov     %edi, 8(%rsp)
loop_spilled:
        add     $7, %edi
loop_added:
        call    ext
loop_back:
        add     %eax, %edx
loop_next:
        add     $4, %rsi
loop_after:
        cmp     %rcx, %rsi
        jne     loop_load
        mov     %edx, %eax
        add     $24, %rsp
        ret
loop_end:

# recurse(n = edi): n lives in ebx across the recursion.
recurse:
        push    %rbx
        mov     %edi, %ebx
rec_copy:
        cmp     $2, %edi
        jle     rec_out
rec_end_arg:
        lea     -1(%rdi), %edi
rec_call:
        call    recurse
rec_back:
        lea     -2(%rbx), %edi
rec_second:
        call    recurse
rec_again:
        add     %ebx, %ebx
rec_out:
        mov     %ebx, %eax
        pop     %rbx
        ret
rec_end:

# copy(): rdi after the string instruction.
copy:   lea     buffer(%rip), %rdi
        lea     buffer+32(%rip), %rsi
        mov     $20, %ecx
copy_rep:
        rep movsb
copy_done:
        mov     %rdi, %rax
copy_last:
        ret
copy_end:

# thrower() jumps back into jumper(), whose activation had been waiting.
thrower:
        sub     $8, %rsp
        lea     env(%rip), %rdi
        mov     $1, %esi
        call    longjmp@plt
jumper: push    %rbx
        lea     env(%rip), %rdi
        call    _setjmp@plt
jump_back:
        mov     %eax, %ebx
jump_have:
        cmp     $1, %ebx
        je      jump_out
        call    thrower
jump_out:
        pop     %rbx
        ret
jump_end:

handler:
        sub     $8, %rsp
        lea     data(%rip), %rsi
        mov     $2, %edi
        call    loop
        add     $8, %rsp
        ret

main:   push    %rbx
        mov     $14, %edi
        lea     handler(%rip), %rsi
        call    signal@plt
        mov     $1000, %edi
        mov     $300, %esi
        call    ualarm@plt
        mov     $300, %ebx
again:  lea     data(%rip), %rsi
        mov     $6, %edi
        call    loop
        mov     $5, %edi
        call    recurse
        call    copy
        call    jumper
        dec     %ebx
        jnz     again
        xor     %eax, %eax
        pop     %rbx
        ret

        .section .rodata
        .p2align 2
table:  .long   case0-table, case1-table, case2-table, case3-table
        .data
data:   .long   1000, 1, 2, 3, 0, 5000
        .bss
buffer: .zero   64
env:    .zero   256
        .section .note.GNU-stack,"",@progbits
