#!/usr/bin/env bash
# Forms that compilers make rarely or never (tests/fixtures/corners.s): what is said of each was held against its instructions by hand.
. "$(dirname "$0")/../lib.sh"

gcc -shared -nostdlib -o "$work/corners" tests/fixtures/corners.s || exit 1
jumps() { jq -r 'select(.jumps != [] or (.closed | not)) | [.name, .closed, (.jumps[] | .kind, (.targets | length))] | join(" ")'; }
variables() {
    jq -r '.variables[] | [.function.name, (.constants | join(",")), .sites[0].relation, .sites[0].via,
        (.sites[0].location | .reg // .kind), .width, .probe.proof // "-"] | join(" ")'
}
# each FILE: every line of standard input is one of the file's, and none of the file's is missing
each() {
    sort >"$work/wanted"
    sort "$1" >"$work/got"
    while read -r name rest; do same "$2: $name" "$(grep -cxF "$name $rest" "$work/got")" 1; done <"$work/wanted"
    same "$2: nothing else" "$(comm -13 "$work/wanted" "$work/got")" ""
}

"$LVSCAN" functions --json "$work/corners" | jumps >"$work/jumps"
each "$work/jumps" jumps <<'END'
bound_below true table 3
bound_below_taken true table 3
bound_below_zero true table 3
bound_above_all true table 3
bound_in_register true table 3
bound_in_memory true table 3
memory_beside true table 3
memory_over true table 3
memory_elsewhere true table 3
memory_in_frame true table 3
memory_and_spill true table 3
memory_indexed true table 3
memory_bits true table 3
memory_scattered true table 3
memory_state true table 3
memory_other_segment true table 3
memory_other_thread true table 3
memory_and_system true table 3
memory_static true table 3
memory_at_index true table 3
memory_signed true table 3
memory_and_call true table 3
jump_scale_4 false unknown 0
jump_fs false unknown 0
jump_gs false unknown 0
jump_given true tail 0
jump_loaded true tail 0
jump_made false unknown 0
jump_to_result true tail 0
jump_inside false unknown 0
jump_to_self true tail 0
jump_joined false unknown 0
jump_out true tail 0
jump_pushed false unknown 0
into_an_instruction false
back_into_an_instruction false
off_the_end false
END
"$LVSCAN" --json -n 0 "$work/corners" >"$work/all"
variables <"$work/all" >"$work/variables"
each "$work/variables" variables <<'END'
bound_above_all 0,1,2,4294967295 > immediate rdi 32 exact
bound_in_register 0,1,2 case switch rdi 32 exact
bound_below 0,1,2 case switch rdi 32 exact
bound_in_memory 0,1,2 case switch rdi 32 exact
bound_below_taken 0,1,2 case switch rdi 32 exact
bound_below_zero 0,1,2 < immediate rdi 32 exact
set_taken 1,3,32 == bitset rdi 64 exact
memory_and_call 0,1,2 case switch rax 8 exact
memory_over 0,1,2 case switch rax 8 exact
memory_elsewhere 0,1,2 case switch rax 8 exact
memory_in_frame 0,1,2 case switch rax 8 exact
memory_indexed 0,1,2 case switch rax 8 exact
memory_other_segment 0,1,2 case switch rax 8 exact
memory_at_index 0,1,2 case switch rax 8 exact
memory_signed 0,1,2 case switch rax 8 exact
shifted_set 2,5 == bitset rdi 32 exact
shifted_after_call 2,5 == bitset rcx 32 exact
pushed_slot 77 == immediate rax 64 exact
by_byte 48 == call rbx 64 callees
by_sum 30005 == call rbx 64 callees
around_writes_first 77 == immediate rbx 32 callees
stack_switched 77 == immediate stack 32 exact
zeroed_vectors 77 == immediate rcx 32 exact
memory_signed 2 > immediate memory 8 exact
set_taken 40 > immediate rdi 32 exact
entered_twice 77 == immediate rax 32 exact
pushed_memory 77 == immediate rax 64 exact
of_two 0 == immediate rsi 32 exact
flags_around 77 == immediate rdi 32 exact
flags_around 1 == immediate rsi 64 exact
constant_first 77 < register rdi 32 exact
memory_other_segment 2 > immediate memory 8 exact
memory_over 2 > immediate memory 8 exact
memory_in_frame 2 > immediate memory 8 exact
memory_indexed 2 > immediate memory 8 exact
memory_at_index 2 > immediate memory 8 exact
memory_elsewhere 2 > immediate memory 8 exact
memory_and_call 2 > immediate memory 8 exact
cleared_low 30464 == immediate rax 32 exact
pushed_words 77 == immediate rcx 16 exact
address_of_32_bits 77 == immediate rax 32 exact
scaled_only 77 == immediate rax 64 exact
stack_popped 77 == immediate rax 64 exact
in_thread_loaded 77 == immediate rax 32 exact
cleared_high 77 == immediate rax 32 exact
counted_down 77 == immediate rdi 32 exact
real_above 77 > memory xmm0 64 -
in_thread 77 == immediate memory 32 -
in_thread_switched 77 == immediate memory 32 -
in_segment_swapped 77 == immediate memory 32 -
interrupted 77 == immediate r8 64 exact
called_system 77 == immediate r8 64 exact
memory_remapped 77 == immediate memory 64 -
called_enclave 77 == immediate r8 64 exact
frame_entered 77 == immediate memory 64 -
memory_other_thread 0,1,2 case switch rax 8 exact
memory_other_thread 2 > immediate memory 8 exact
memory_and_system 0,1,2 case switch rax 8 exact
memory_and_system 2 > immediate memory 8 exact
memory_static 0,1,2 case switch rax 8 exact
memory_static 2 > immediate static 8 exact
bits_cleared 77 == immediate stack 64 exact
stack_masked 77 == immediate memory 32 -
set_doubled 3,5 == bitset rdi 32 exact
narrow_shift 0 == immediate rax 32 exact
loaded_part 77 == immediate rax 32 exact
copied_part 77 == immediate rax 32 exact
sum_below_zero 0 < immediate rax 32 exact
state_saved 77 == immediate stack 64 exact
state_saved_far 77 == immediate stack 64 exact
state_saved_by_callee 77 == immediate stack 64 exact
tile_stored 77 == immediate stack 64 exact
bits_set 77 == immediate stack 64 exact
bit_set 77 == immediate stack 64 exact
memory_bits 0,1,2 case switch rax 8 exact
memory_scattered 0,1,2 case switch rax 8 exact
memory_state 0,1,2 case switch rax 8 exact
memory_bits 2 > immediate memory 8 exact
memory_scattered 2 > immediate memory 8 exact
memory_state 2 > immediate memory 8 exact
written_far_up 77 == immediate stack 64 exact
unwritten_slot 77 == immediate stack 64 -
jump_joined 0 == immediate rdi 32 partial
unwritten_slot 0 == immediate rsi 32 exact
pushed_wide 77,78 == immediate stack 64 exact
pushed_flags 77 == immediate memory 64 -
popped_flags 77 == immediate memory 64 -
left_narrow 77 == immediate rbp 64 abi
popped_by_callee 77 == immediate memory 64 -
popped_by_far_callee 77 == immediate memory 64 -
popped_beside 77 == immediate stack 64 exact
popped_to_frame 77 == immediate stack 64 exact
flags_saved 77,78 == immediate stack 64 exact
segment_pushed 77 == immediate stack 64 exact
END
defs() { jq -r --arg f "$1" '.variables[] | select(.function.name == $f and (.constants | index(77))) | [.defs[] | .kind + " " + .text] | join("; ")' "$work/all"; }
same 'xsave writes all slots' "$(defs state_saved)" 'compute xsave (%rsp)'
same 'nobody knows how much xsavec writes' "$(defs state_saved_far)" 'compute xsavec64 (%rsp)'
same 'also in a callee' "$(defs state_saved_by_callee | sed 's/ 0x.*//')" 'call call'
bytes() { jq -r --arg f "$1" 'def n: ltrimstr("0x") | ascii_downcase | explode | reduce .[] as $d (0; . * 16 + if $d > 57 then $d - 87 else $d - 48 end);
    .variables[] | select(.function.name == $f) | [.ranges[] | (.end | n) - (.start | n)] | add' "$work/all"; }
same 'behind wrfsbase it is other memory' "$(bytes in_thread_switched)" 8
same 'and behind swapgs' "$(bytes in_segment_swapped)" 6
same 'an interrupt need not keep r8' "$(defs interrupted)" 'compute int $0x80'
same 'nor an enclave' "$(defs called_enclave)" 'compute enclu'
same 'behind vmfunc it is other memory' "$(bytes memory_remapped)" 6
same 'enter does' "$(bytes frame_entered)" 7
same 'a system call does' "$(defs called_system)" 'load mov (%rdi),%r8'
same 'nor where bts writes' "$(defs bits_set)" 'compute bts %rdx,(%rsp)'
same 'nor btr' "$(defs bits_cleared)" 'compute btr %rdx,0x40(%rsp)'
same 'but of one that names the bit' "$(defs bit_set)" 'load mov (%rdi),%rcx'
same 'nor tilestored' "$(defs tile_stored)" 'compute tilestored %tmm0,(%rsp)'
same 'a callee writes what lies far above its frame' "$(defs written_far_up | sed 's/ 0x.*//')" 'call call'
same 'a push that REX.W makes one of 64 bits leaves the slot where it was' "$(defs pushed_wide)" 'load mov (%rdi),%rcx'
same 'the stack pointer is not known behind a pushf with both' "$(defs pushed_flags)" 'load cmpq $0x4d,0x10(%rsp)'
same 'nor behind a call that pops more than its return address' "$(defs popped_by_callee); $(defs popped_by_far_callee)" \
    'load cmpq $0x4d,0x8(%rsp); load cmpq $0x4d,0x8(%rsp)'
same 'a pop to what rsp points to then' "$(defs popped_beside)" 'compute pop 0x8(%rsp)'
same 'a pop to the frame' "$(defs popped_to_frame)" 'load mov (%rdi),%rcx'
same 'and is behind a plain one, and behind popf' "$(defs flags_saved)" 'load mov (%rdi),%rcx'
same 'what was loaded is compared, and what a slot held that nobody wrote' "$(defs unwritten_slot)" 'merge cmpq $0x4d,0x8(%rsp)'
"$LVSCAN" --json -f narrow_shift -c 255 "$work/corners" >"$work/narrow"
same 'that no bit above its 8 is set says nothing of a byte' "$? $(jq '.variables | length' "$work/narrow")" '1 0'
same 'what is refused is named' "$(jq -r '.warnings[].text' "$work/all" | sort | xargs)" \
    'a jump goes into the middle of an instruction bytes do not decode as an instruction instructions overlap'

# A landing pad in the middle of an instruction before the call.
cat >"$work/pad.s" <<'END'
    .globl f
    .type f, @function
f:  .cfi_startproc
    .cfi_lsda 0x1b, .Ltable
1:  mov $0x12345678, %eax
2:  call *%rdi
3:  cmp $77, %eax
    sete %al
    ret
    .cfi_endproc
    .size f, . - f
    .section .gcc_except_table, "a"
.Ltable:
    .byte 0xff, 0xff, 1
    .uleb128 5f - 4f
4:  .uleb128 2b - 1b, 3b - 2b, 2, 0
5:  .section .note.GNU-stack, "", @progbits
END
gcc -shared -nostdlib -o "$work/pad" "$work/pad.s" || exit 1
"$LVSCAN" --json -c 77 "$work/pad" >"$work/out"
same 'so is a function whose landing pad lies inside an instruction' "$? $(jq -r '.warnings[].text, (.variables | length)' "$work/out" | xargs)" \
    '1 a jump goes into the middle of an instruction 0'
done_testing
