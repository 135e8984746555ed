#!/bin/sh
# tests/oracle/dynamic/self.sh - tries the dynamic oracle on a program whose variables are known: right claims pass, each wrong one
# is noticed. Usage: self.sh DYNAMIC WORK_FOLDER
set -eu
dynamic=$1 work=$2 here=$(dirname "$0")
mkdir -p "$work"
gcc -no-pie -o "$work/self" "$here/self.s"
nm "$work/self" | awk '{ print "s/@" $3 "@/0x" $1 "/g" }' >"$work/self.sed"
failed=0 count=0 program=$work/self

reg() { printf '{"kind":"reg","reg":"%s","bits":%s,"addend":%s}' "$1" "${2:-32}" "${3:-0}"; }
stack() { printf '{"kind":"stack","base":"rsp","disp":%s,"bits":%s}' "$1" "$2"; }

# claim right|wrong FUNCTION END DEF_KIND DEF_PC DEF_LOCATION START END LOCATION: one variable with one def and one range.
claim() {
    count=$((count + 1))
    printf '{"schema":"lvscan/1","binary":{"path":"%s"},"variables":[{"id":%d,"function":{"start":"@%s@","parts":[["@%s@","@%s@"]]},
"defs":[{"pc":"@%s@","kind":"%s","location":%s}],"ranges":[{"start":"@%s@","end":"@%s@","location":%s,"proof":"exact"}]}]}\n' \
        "$program" $count "$2" "$2" "$3" "$5" "$4" "$6" "$7" "$8" "$9" | sed -f "$program.sed" >"$work/self.json"
    got=$("$dynamic" --json "$work/self.json" --max-activations ${activations:-30} -- "$program" | tail -1)
    case "$1 $got" in
    right*" checks=0 "*) verdict=bad ;;
    right*" violations=0 "*) verdict=good ;;
    wrong*" violations=0 "*) verdict=bad ;;
    wrong*" violations="*) verdict=good ;;
    *) verdict=bad ;;
    esac
    [ $verdict = good ] || { failed=$((failed + 1)); echo "not ok - claim $count ($*): $got"; }
}

loop="loop loop_end load loop_load"
v=$(reg rdi)
claim right $loop "$v" loop_have loop_spilled "$v"
claim wrong $loop "$v" loop_have loop_back "$v"                            # add changes it
claim wrong $loop "$v" loop loop_load "$v"                                 # no def yet
claim right $loop "$v" loop_spilled loop_back "$(stack 8 32)"
claim wrong $loop "$v" loop_call loop_spilled "$(stack 8 32)"              # one instruction early
claim right $loop "$v" loop_added loop_next "$(reg rdi 32 -7)"
claim wrong $loop "$v" loop_added loop_next "$(reg rdi 32 -6)"
claim right loop loop_end merge loop_load "$(reg rsi 64)" loop_load loop_after "$(reg rsi 64)"
claim right loop loop_end merge loop_load "$(reg rsi 64)" loop_after loop_end "$(reg rsi 64 -4)"
claim wrong loop loop_end merge loop_load "$(reg rsi 64)" loop_load loop_end "$(reg rsi 64)"
rec="recurse rec_end argument recurse"
claim right $rec "$v" recurse rec_end_arg "$v"
claim wrong $rec "$v" recurse rec_back "$v"                                # lea changes it
claim right $rec "$v" rec_copy rec_again "$(reg rbx)"                      # across its own activations
claim wrong $rec "$v" rec_copy rec_end "$(reg rbx)"
claim wrong $rec "$v" rec_back rec_again "$v"
claim right recurse rec_end call rec_call "$(reg rax)" rec_back rec_second "$(reg rax)"
claim wrong recurse rec_end call rec_call "$(reg rax)" rec_again rec_out "$(reg rax)"
claim right copy copy_end compute copy_rep "$(reg rdi 64)" copy_done copy_end "$(reg rdi 64)"
claim right copy copy_end compute copy_rep "$(reg rcx 64)" copy_done copy_end "$(reg rcx 64)"
claim wrong copy copy_end compute copy_rep "$(reg rdi 64)" copy_last copy_end "$(reg rsi 64)"
claim right jumper jump_end compute jump_back "$v" jump_have jump_out "$v" # longjmp comes back unseen
claim right jumper jump_end compute jump_back "$(reg rbx)" jump_have jump_out "$(reg rbx)"
claim wrong jumper jump_end argument jumper "$(reg rbx)" jump_have jump_out "$(reg rbx)"

# Threads that meet at the same instructions: none is to skip one because of a breakpoint that another has put back.
program=$work/threads
gcc -no-pie -pthread -o "$program" "$here/threads.s"
nm "$program" | awk '{ print "s/@" $3 "@/0x" $1 "/g" }' >"$program.sed"
activations=20000
claim right worker worker_end call worker_call "$(reg rax)" worker_have worker_spilled "$(reg rax)"
claim right worker worker_end call worker_call "$(reg rax)" worker_spilled worker_out "$(stack 4 32)"
claim wrong worker worker_end call worker_call "$(reg rax)" worker_have worker_out "$(stack 4 32)"
activations= program=$work/self

# jumps DYNAMIC_EXPECTS TARGETS
jumps() {
    count=$((count + 1))
    printf '{"start":"@loop@","parts":[["@loop@","@loop_end@"]],"closed":true,"jumps":[%s]}\n' "$2" | sed -f "$work/self.sed" \
        >"$work/self.functions"
    got=$("$dynamic" --functions "$work/self" "$work/self.functions" --print 0 -- "$work/self" | tail -1)
    case "$1 $got" in
    *" jumps=0/0 "*) verdict=bad ;;
    right*" violations=0 "*) verdict=good ;;
    wrong*" violations=0 "*) verdict=bad ;;
    wrong*TOTAL*) verdict=good ;;
    *) verdict=bad ;;
    esac
    [ $verdict = good ] || { failed=$((failed + 1)); echo "not ok - jumps $count ($*): $got"; }
}
jumps right '{"pc":"@loop_jump@","kind":"table","targets":["@case0@","@case1@","@case2@","@case3@"]}'
jumps wrong '{"pc":"@loop_jump@","kind":"table","targets":["@case0@","@case1@","@case3@"]}'
jumps wrong '{"pc":"@loop_jump@","kind":"tail"}'
jumps wrong '{"pc":"@loop_load@","kind":"unknown"}'
jumps right '{"pc":"@loop_jump@","kind":"unknown"}'

echo "self: $count tries, $failed failed"
[ $failed -eq 0 ]
