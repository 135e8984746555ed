/* tests/test_x86_decode.c - the decoder: bytes -> text, effects, errors. Mostly tables; the loops are at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x86/insn.h"

enum { PC = 0x1000 };

typedef struct TextCase {
    const char *bytes, *att, *intel; /* intel NULL: not looked at */
} TextCase;

static const TextCase texts[] = {
    {"48 3d 30 75 00 00", "cmp $0x7530,%rax", "cmp rax,0x7530"},
    {"4c 8b 7d 00", "mov 0x0(%rbp),%r15", "mov r15,QWORD PTR [rbp+0x0]"},
    {"0f 84 22 02 00 00", "je 0x1228", "je 0x1228"},
    {"66 0f 1f 84 00 00 00 00 00", "nopw 0x0(%rax,%rax,1)", NULL},
    {"66 2e 0f 1f 84 00 00 00 00 00", "cs nopw 0x0(%rax,%rax,1)", NULL},
    {"66 90", "xchg %ax,%ax", "xchg ax,ax"},
    {"f3 0f 1e fa", "endbr64", "endbr64"},
    {"0f b6 c4", "movzbl %ah,%eax", "movzx eax,ah"},
    {"48 63 07", "movslq (%rdi),%rax", NULL},
    {"48 98", "cltq", "cdqe"},
    {"48 99", "cqto", "cqo"},
    {"ff 24 c5 00 10 40 00", "jmp *0x401000(,%rax,8)", NULL},
    {"3e ff e0", "notrack jmp *%rax", NULL},
    {"ff 15 10 00 00 00", "call *0x10(%rip)", NULL},
    {"64 48 8b 04 25 28 00 00 00", "mov %fs:0x28,%rax", NULL},
    {"48 b8 88 77 66 55 44 33 22 11", "movabs $0x1122334455667788,%rax", NULL},
    {"c8 10 00 02", "enter $0x10,$0x2", "enter 0x10,0x2"},
    {"f3 48 ab", "rep stos %rax,%es:(%rdi)", NULL},
    {"f3 a6", "repz cmpsb %es:(%rdi),%ds:(%rsi)", NULL},
    {"f0 48 0f b1 0e", "lock cmpxchg %rcx,(%rsi)", NULL},
    {"d1 e0", "shl %eax", NULL},
    {"d3 20", "shll %cl,(%rax)", NULL},
    {"6a ff", "push $0xffffffffffffffff", NULL},
    {"83 c0 ff", "add $0xffffffff,%eax", NULL},
    {"66 83 c0 ff", "add $0xffff,%ax", NULL},
    {"f2 48 0f 38 f1 c1", "crc32 %rcx,%rax", NULL},
    {"f2 48 0f 38 f1 01", "crc32q (%rcx),%rax", NULL},
    {"0f c2 c1 01", "cmpltps %xmm1,%xmm0", NULL},
    {"f2 0f 2a 07", "cvtsi2sdl (%rdi),%xmm0", NULL},
    {"dc e9", "fsubr %st,%st(1)", NULL},
    {"0f 0f c1 9e", "pfadd %mm1,%mm0", NULL},
    {"c5 fc 58 c1", "vaddps %ymm1,%ymm0,%ymm0", "vaddps ymm0,ymm0,ymm1"},
    {"c4 e2 f9 90 04 d1", NULL, NULL}, /* destination and index are the same: no instruction */
    {"c4 e2 e9 90 0c c1", "vpgatherdq %xmm2,(%rcx,%xmm0,8),%xmm1", NULL},
    {"62 f1 7c 58 58 40 01", "vaddps 0x4(%rax){1to16},%zmm0,%zmm0", NULL},
    {"64 62 f1 7c 48 58 40 01", "vaddps %fs:0x40(%rax),%zmm0,%zmm0", NULL}, /* disp8*N beside a segment */
    {"62 f1 7c 1a 58 c1", "vaddps {rn-sae},%zmm1,%zmm0,%zmm0{%k2}", NULL},
    {"62 f1 7e 18 e6 c1", "vcvtdq2pd %ymm1,%zmm0", NULL}, /* exact: b rounds nothing */
    {"62 f1 7c ca 58 c1", "vaddps %zmm1,%zmm0,%zmm0{%k2}{z}", NULL},
    /* A REX that is not last is dead; mandatory prefixes in any order, before or after 66. */
    {"48 66 89 c8", "mov %cx,%ax", NULL},
    {"66 f3 0f b8 c1", "popcnt %cx,%ax", NULL},
    {"f3 66 0f b8 c1", "popcnt %cx,%ax", NULL},
    {"f2 f3 0f 58 c1", "addss %xmm1,%xmm0", NULL}, /* the last of F2 and F3 */
    {"66 f2 0f 58 c1", "addsd %xmm1,%xmm0", NULL},
    /* REX.B on memory bases: 12 needs SIB, 13 a displacement; index 12 is one. */
    {"49 8b 04 24", "mov (%r12),%rax", NULL},
    {"49 8b 45 00", "mov 0x0(%r13),%rax", NULL},
    {"4a 8b 04 20", "mov (%rax,%r12,1),%rax", NULL},
    {"49 8b 05 10 00 00 00", "mov 0x10(%rip),%rax", NULL}, /* and none on RIP */
    /* 66 changes no near branch (Intel). vpermpd needs W=1. */
    {"66 e8 00 00 00 00", "data16 call 0x1006", NULL},
    {"66 0f 84 00 00 00 00", "data16 je 0x1007", NULL},
    {"c4 e3 fd 01 c1 1b", "vpermpd $0x1b,%ymm1,%ymm0", NULL},
    {"c4 43 45 4b da 58", "vblendvpd %ymm5,%ymm10,%ymm7,%ymm11", NULL}, /* REX.B is not part of the fourth register */
    {"f2 0f 38 fc 08", "aor %ecx,(%rax)", NULL},
    {"f3 0f 38 fc 08", "axor %ecx,(%rax)", NULL},
    {"64 d7", "xlat %fs:(%rbx)", "xlat BYTE PTR fs:[rbx]"},
    {"66 c3", "retw", "retw"},
    {"66 ff 28", "ljmpw *(%rax)", "jmp DWORD PTR [rax]"},
    {"48 cb", "lretq", "retfq"},
    {"48 a5", "movsq %ds:(%rsi),%es:(%rdi)", "movs QWORD PTR es:[rdi],QWORD PTR ds:[rsi]"},
    {"f2 0f c2 f9 06", "cmpnlesd %xmm1,%xmm7", "cmpnlesd xmm7,xmm1"},
    {"3e 2e 74 00", "cs ds je 0x1004", NULL}, /* two hints are none */
    {"2e 74 00", "je,pn 0x1003", NULL},
    {"f3 88 08", "xrelease mov %cl,(%rax)", NULL},
    {"f3 0f a7 c8", "repz xcrypt-ecb", NULL},
    {"0f 01 c8", "monitor %rax,%ecx,%edx", "monitor"},
    /* Intel's spellings, as objdump has them */
    {"d1 d1", "rcl %ecx", "rcl ecx,1"},
    {"66 68 d7 50", "pushw $0x50d7", "pushw 0x50d7"},
    {"0f 01 55 da", "lgdt -0x26(%rbp)", "lgdt [rbp-0x26]"},
    {"66 4c 0f 3a 61 cc 2b", "pcmpestriq $0x2b,%xmm4,%xmm9", "pcmpestriq xmm9,xmm4,0x2b"},
    {"48 0f c7 09", "cmpxchg16b (%rcx)", "cmpxchg16b OWORD PTR [rcx]"},
    {"62 41 95 94 58 29", "vaddpd (%r9){1to2},%xmm29,%xmm29{%k4}{z}", "vaddpd xmm29{k4}{z},xmm29,QWORD BCST [r9]"},
    {"62 81 ff 3d e6 7d 60", "vcvtpd2dq 0x300(%r13){1to4},%xmm23{%k5}",
     "vcvtpd2dq xmm23{k5},QWORD BCST [r13+0x300]{1to4}"},
    {"62 43 bd 38 27 c5 26", "vgetmantsd $0x26,{sae},%xmm13,%xmm8,%xmm24", "vgetmantsd xmm24,xmm8,xmm13{sae},0x26"},
    {"67 03 14 25 34 12 00 85", "add 0x85001234(,%eiz,1),%edx", "add edx,DWORD PTR [eiz*1+0x85001234]"},
    {"f3 f0 48 0f c7 09", "lock repz cmpxchg16b (%rcx)", NULL}, /* elides no lock */
    {"f3 0f 01 fd", "rmpquery", "rmpquery"},
    /* AVX10.2, MOVRS, AMX-AVX512 */
    {"62 f5 55 df 58 72 80", "vaddbf16 -0x100(%rdx){1to32},%zmm5,%zmm6{%k7}{z}",
     "vaddbf16 zmm6{k7}{z},zmm5,WORD BCST [rdx-0x100]"},
    {"62 f6 54 48 b8 71 7f", "vfmadd231bf16 0x1fc0(%rcx),%zmm5,%zmm6", NULL},
    {"62 f3 57 5f c2 6a 80 7b", "vcmpbf16 $0x7b,-0x100(%rdx){1to32},%zmm5,%k5{%k7}", NULL},
    {"62 f3 7f 48 66 69 7f 7b", "vfpclassbf16z $0x7b,0x1fc0(%rcx),%k5", NULL},
    {"62 f2 54 38 74 31", "vcvtbiasph2bf8 (%rcx){1to16},%ymm5,%xmm6", "vcvtbiasph2bf8 xmm6,ymm5,WORD BCST [rcx]"},
    {"62 f5 7e 38 74 31", "vcvtph2bf8s (%rcx){1to16},%xmm6", "vcvtph2bf8s xmm6,WORD BCST [rcx]{1to16}"},
    {"62 f5 7f 08 1e 71 7f", "vcvthf82ph 0x3f8(%rcx),%xmm6", "vcvthf82ph xmm6,QWORD PTR [rcx+0x3f8]"},
    {"62 f5 7c 18 69 f5", "vcvtph2ibs {rn-sae},%zmm5,%zmm6", NULL},
    {"62 f5 fc 18 6d f5", "vcvttpd2dqs {sae},%zmm5,%ymm6", NULL},
    {"62 f5 7f 18 6d c1", "vcvttsd2sis {sae},%xmm1,%eax", NULL},
    {"62 f3 d5 18 52 f4 7b", "vminmaxpd $0x7b,{sae},%zmm4,%zmm5,%zmm6", "vminmaxpd zmm6,zmm5,zmm4{sae},0x7b"},
    {"62 f1 7d 08 d6 ee", "vmovd %xmm5,%xmm6", NULL},
    {"62 f5 7e 08 6e f5", "vmovw %xmm5,%xmm6", NULL},
    {"62 f1 ff 08 2f 71 7f", "vcomxsd 0x3f8(%rcx),%xmm6", NULL},
    {"62 a2 56 40 da f4", "vsm4key4 %zmm20,%zmm21,%zmm22", NULL},
    {"62 c5 7e 08 6f 65 02", "vmovrsd 0x20(%r13),%xmm20", "vmovrsd xmm20,XMMWORD PTR [r13+0x20]"},
    {"0f 38 8b 00", "movrs (%rax),%eax", NULL},
    {"0f 18 20", "prefetchrst2 (%rax)", NULL},
    /* APX: REX2, a destination of one's own, no flags, conditions */
    {"d5 10 01 c8", "add %ecx,%r16d", "add r16d,ecx"},
    {"d5 39 25 7a 40 0b cc", "and $0xffffffffcc0b407a,%rax", NULL},
    {"d5 00 a1 05 00 00 00 00 00 00 00", "jmpabs $0x5", "jmpabs 0x5"},
    {"d5 18 50", "pushp %r16", "pushp r16"},
    {"d5 90 58 c1", "addps %xmm1,%xmm0", NULL}, /* no vector registers from 16 on */
    {"d5 bf 5b 04 3d 57 a2 f9 c5", "cvtdq2ps -0x3a065da9(,%r31,1),%xmm8", NULL},
    {"66 d5 00 01 c8", "add %cx,%ax", NULL},
    {"62 f4 7c 08 01 c8", "{evex} add %ecx,%eax", "{evex} add eax,ecx"},
    {"62 f4 74 18 01 c8", "add %ecx,%eax,%ecx", "add ecx,eax,ecx"},
    {"62 f4 6c 18 00 c1", "add %al,%cl,%dl", NULL}, /* the third operand, too, may be spl or r8b, never ah */
    {"62 f4 7c 0c ff c1", "{nf} inc %ecx", NULL},
    {"62 f4 7c 18 6b c1 05", "imulzu $0x5,%ecx,%eax", NULL},
    {"62 f4 04 0a 85 c8", "ctestt {dfv=} %ecx,%eax", "ctestt {dfv=} eax,ecx"},
    {"62 64 fd 0f 39 3d 01 19 ad 7c", "ccmpg {dfv=of,sf,zf,cf} %r31,0x7cad1901(%rip)", NULL},
    {"62 f4 7c 0c 44 01", "cfcmove %eax,(%rcx)", "cfcmove DWORD PTR [rcx],eax"},
    {"62 f4 74 18 ff f0", "push2 %rax,%rcx", "push2 rcx,rax"},
    {"62 fc fc 08 60 00", "{evex} movbe (%r16),%rax", NULL},
    {"62 fa fc 0c f2 c8", "{nf} andn %r16,%rax,%rcx", NULL},
    {"62 f9 7d 08 6e c0", "vmovd %r16d,%xmm0", NULL},
    {"62 f1 78 48 58 04 08", "vaddps (%rax,%r17,1),%zmm0,%zmm0", NULL},
    {"62 fc 7f 08 f8 d6", "{evex} urdmsr %rdx,%r22", NULL},
    {"c4 e7 7b f8 c0 05 00 00 00", "urdmsr $0x5,%rax", NULL},
    {"c4 e5 71 fd c2", "tdphf8ps %tmm1,%tmm2,%tmm0", NULL},
    {"c4 e5 71 fd c0", NULL, NULL}, /* one tile twice */
    {"0f 18 3d 00 00 00 00", "prefetchit0 0x0(%rip)", NULL},
    {"0f 18 3b", "nopl (%rbx)", NULL}, /* prefetchit0 is relative to RIP */
    {"62 f2 6d 48 4a c1", "tilemovrow %edx,%tmm1,%zmm0", NULL},
    {"62 01 ff 38 2a e2", "vcvtsi2sd %r10,{rd-sae},%xmm0,%xmm28", NULL},
    {"f2 0f 38 f8 cb", "urdmsr %rcx,%rbx", NULL},
    {"f3 41 0f 38 f8 cb", "uwrmsr %r11,%rcx", NULL},
    {"8e c6", "mov %esi,%es", NULL},
    {"67 f3 0f 1b 08", "addr32 bndmk (%rax),%bnd1", NULL}, /* MPX addresses are 64 bits wide */
    /* immediates with names, vector indices, sizes of memory */
    {"62 f3 6d 48 1f d9 01", "vpcmpltd %zmm1,%zmm2,%k3", NULL},
    {"62 f3 6d 49 1e 18 02", "vpcmpleud (%rax),%zmm2,%k3{%k1}", NULL},
    {"62 f3 6d 48 1f d9 09", "vpcmpd $0x9,%zmm1,%zmm2,%k3", NULL},
    {"62 f3 6d 48 1f d9 03", "vpcmpd $0x3,%zmm1,%zmm2,%k3", NULL},
    {"8f e8 68 cc d9 00", "vpcomltb %xmm1,%xmm2,%xmm3", NULL},
    {"8f e8 68 ee d9 07", "vpcomtrueud %xmm1,%xmm2,%xmm3", NULL},
    {"8f e8 68 cc d9 08", "vpcomb $0x8,%xmm1,%xmm2,%xmm3", NULL},
    {"66 0f 3a 44 d1 00", "pclmullqlqdq %xmm1,%xmm2", NULL},
    {"66 0f 3a 44 d1 01", "pclmulhqlqdq %xmm1,%xmm2", NULL},
    {"66 0f 3a 44 d1 10", "pclmullqhqdq %xmm1,%xmm2", NULL},
    {"66 0f 3a 44 d1 11", "pclmulhqhqdq %xmm1,%xmm2", NULL},
    {"c4 e3 6d 44 d9 11", "vpclmulhqhqdq %ymm1,%ymm2,%ymm3", NULL},
    {"c4 e2 ed 92 04 c8", "vgatherdpd %ymm2,(%rax,%xmm1,8),%ymm0", NULL},
    {"c4 e2 e9 92 04 c8", "vgatherdpd %xmm2,(%rax,%xmm1,8),%xmm0", NULL},
    {"62 f2 fd 49 92 04 c8", "vgatherdpd (%rax,%ymm1,8),%zmm0{%k1}", NULL},
    {"62 f2 7d 49 93 04 c8", "vgatherqps (%rax,%zmm1,8),%ymm0{%k1}", NULL},
    {"62 f2 fd 49 a2 04 c8", "vscatterdpd %zmm0,(%rax,%ymm1,8){%k1}", NULL},
    {"62 f1 7d 4a 76 c9", "vpcmpeqd %zmm1,%zmm0,%k1{%k2}", NULL},
    {"62 f3 7d 48 66 08 01", "vfpclasspsz $0x1,(%rax),%k1", NULL},
    {"62 f3 7d 08 66 08 01", "vfpclasspsx $0x1,(%rax),%k1", NULL},
    {"62 f3 7d 28 66 08 01", "vfpclasspsy $0x1,(%rax),%k1", NULL},
    {"c5 f9 5a 00", "vcvtpd2psx (%rax),%xmm0", NULL},
    {"c5 fd 5a 00", "vcvtpd2psy (%rax),%xmm0", NULL},
    {"66 0f a0", "pushw %fs", NULL},
    {"66 6a 01", "pushw $0x1", NULL},
    {"f3 48 a7", "repz cmpsq %es:(%rdi),%ds:(%rsi)", NULL},
    {"f2 48 af", "repnz scas %es:(%rdi),%rax", NULL},
    {"f2 66 a7", "repnz cmpsw %es:(%rdi),%ds:(%rsi)", NULL},
    {"66 0f 78 c1 04 03", "extrq $0x3,$0x4,%xmm1", NULL},
    {"f2 0f 78 d1 04 03", "insertq $0x3,$0x4,%xmm1,%xmm2", NULL},
    {"66 0f 3a 44 d1 02", "pclmulqdq $0x2,%xmm1,%xmm2", NULL}, /* as llvm-mc; objdump drops the bit that is ignored */
    {"67 8d 04 20", "lea (%eax,%eiz,1),%eax", NULL},
    {"48 8d 04 60", "lea (%rax,%riz,2),%rax", NULL},
    {"8d 44 20 00", "lea 0x0(%rax,%riz,1),%eax", NULL},
    {"62 f3 6d 58 1f 18 01", "vpcmpltd (%rax){1to16},%zmm2,%k3", NULL},
    {"62 f4 7f 18 45 00", "setzune (%rax)", NULL},
    {"c4 e3 69 48 d9 41", "vpermil2ps $0x1,%xmm4,%xmm1,%xmm2,%xmm3", NULL},
    {"f3 a7", "repz cmpsl %es:(%rdi),%ds:(%rsi)", NULL},
    {"0f a8", "push %gs", NULL},
    {"f3 66 a7", "repz cmpsw %es:(%rdi),%ds:(%rsi)", NULL},
    {"c4 e2 69 90 04 c8", "vpgatherdd %xmm2,(%rax,%xmm1,8),%xmm0", NULL},
    {"62 f2 7d 49 92 04 c8", "vgatherdps (%rax,%zmm1,8),%zmm0{%k1}", NULL},
    {"62 f2 7d 48 88 40 01", "vexpandps 0x4(%rax),%zmm0", NULL}, /* disp8 counts elements */
    {"62 f2 7d 49 8a 40 01", "vcompressps %zmm0,0x4(%rax){%k1}", NULL},
    {"62 f1 fd 48 5a 00", "vcvtpd2ps (%rax),%ymm0", NULL},
    {"62 f6 6f 48 56 1c 18", "vfcmaddcph (%rax,%rbx,1),%zmm2,%zmm3", NULL},
    {"c4 e2 63 5e ca", "tdpbssd %tmm3,%tmm2,%tmm1", NULL},
};

static const char *const invalid[] = {
    "06",
    "07",
    "0e",
    "16",
    "17",
    "1e",
    "1f",
    "27",
    "2f",
    "37",
    "3f",
    "60",
    "61",
    "82",
    "9a",
    "ce",
    "d4",
    "d5 00 70 00",          /* REX2 before jcc, */
    "d5 08 a1",             /* jmpabs with W, */
    "48 d5 00 01 c8",       /* behind REX, */
    "d5 80 30",             /* before wrmsr, */
    "d5 80 ae 20",          /* before xsave */
    "62 f4 74 08 01 c8",    /* vvvv in use without ND */
    "62 f4 7c 0c 11 c8",    /* adc writes its flags always */
    "62 f4 7c 28 01 c8",    /* APX with a vector length */
    "62 f4 5c 18 ff f0",    /* push2 of rsp */
    "62 f4 7c 18 8f c0",    /* pop2 to one register */
    "62 f4 7c 18 ff f4",    /* push2 of rsp, the other operand */
    "62 f2 fd 48 92 04 c8", /* a gather without a mask */
    "62 f6 6f 48 56 d2",    /* vfcmaddcph to a source */
    "c4 e2 63 5e cb",       /* a tile that is named by two sources */
    "62 f1 78 48 58 c1",    /* X' without an address */
    "62 71 7d 48 76 c8",    /* vpcmpeqd to %k9 */
    "d6",
    "ea",
    "c4 e3 7d 01 c1 1b",                               /* vpermpd with W=0 */
    "f0 01 c8",                                        /* lock of a register */
    "f0 8b 00",                                        /* lock of a load */
    "f3 c5 f8 58 c1",                                  /* VEX after a mandatory prefix */
    "40 c5 f8 58 c1",                                  /* VEX after REX */
    "c5 f0 51 c1",                                     /* vsqrtps with vvvv in use */
    "8e c8",                                           /* mov to cs */
    "f3 0f 1b 0d 00 00 00 00",                         /* bndmk relative to rip */
    "62 f1 7c 68 58 c1",                               /* a fourth vector length */
    "c4 e2 7b 49 10",                                  /* tilezero with memory */
    "c4 e2 7a 5c c0",                                  /* the same tile twice */
    "66 0f c7 e0",                                     /* xsavec takes no 66 */
    "0f 20 c8",                                        /* cr1 */
    "62 f1 7c 88 58 c1",                               /* {z} without a mask */
    "0f 0f c1 00",                                     /* no such 3DNow! opcode */
    "8d c0",                                           /* lea of a register */
    "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", /* 16 bytes */
};

typedef struct EffectCase {
    const char *bytes, *reads, *writes, *kills, *flags; /* flags: read|written|undefined */
} EffectCase;

static const EffectCase effects[] = {
    {"48 01 d8", "rax rbx", "rax", "rax", "|oszapc|"},
    {"c5 f8 77", "", "xmm0 xmm1 xmm2 xmm3 xmm4 xmm5 xmm6 xmm7 xmm8 xmm9 xmm10 xmm11 xmm12 xmm13 xmm14 xmm15", "",
     "||"}, /* vzeroupper keeps the lower halves */
    {"0f 01 c1", "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 system",
     "rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 system", "",
     "oszapcd|oszapcd|"},                             /* vmcall: as the hypervisor likes */
    {"62 f4 7c 0c d1 e0", "rax", "rax", "rax", "||"}, /* {nf} */
    {"62 f4 7c 0c d1 c0", "rax", "rax", "rax", "||"},
    {"30 e4", "", "rax", "", "|oszpc|a"}, /* ah with itself */
    {"30 e0", "rax", "rax", "", "|oszpc|a"},
    {"62 f1 7d 49 ef c0", "xmm0 k1", "xmm0", "", "||"},    /* vpxord of one register, but masked */
    {"62 f2 7d 49 c6 0c c8", "rax xmm1 k1", "", "", "||"}, /* a prefetching gather keeps its mask */
    {"62 f2 7f 48 68 d1", "xmm0 xmm1", "k2 k3", "k2 k3", "||"},
    {"62 f1 7d 4a 76 c9", "xmm0 xmm1 k2", "k1", "k1", "||"},
    {"62 f2 fd 49 a2 04 c8", "rax xmm0 xmm1 k1", "k1", "k1", "||"}, /* a scatter clears its mask */
    {"62 f2 6d 49 64 d9", "xmm1 xmm2 k1", "xmm3", "xmm3", "||"},    /* vpblendmd takes all elements from somewhere */
    {"62 f4 7f 18 45 c0", "", "rax", "rax", "z||"},                 /* setzune writes all of rax */
    {"62 f4 7f 18 45 00", "rax", "", "", "z||"},
    {"31 c0", "", "rax", "rax", "|oszpc|a"},
    {"30 c0", "", "rax", "", "|oszpc|a"},
    {"29 c0", "", "rax", "rax", "|oszapc|"},
    {"19 c0", "rax", "rax", "rax", "c|oszapc|"},
    {"66 0f ef c0", "", "xmm0", "", "||"},
    {"c5 f9 ef c0", "", "xmm0", "xmm0", "||"},
    {"b4 01", "", "rax", "", "||"},
    {"66 b8 01 00", "", "rax", "", "||"},
    {"b8 01 00 00 00", "", "rax", "rax", "||"},
    {"85 07", "rax rdi", "", "", "|oszpc|a"},  /* test reads both */
    {"0f 44 c1", "rax rcx", "rax", "", "z||"}, /* a 32-bit cmov clears the upper half all the same */
    {"48 0f 44 c1", "rcx", "rax", "", "z||"},
    {"0f bc c1", "rax rcx", "rax", "", "|z|osapc"},
    {"48 0f bd c1", "rcx", "rax", "", "|z|osapc"}, /* nor bsr, by 0 */
    {"f3 0f bc c1", "rcx", "rax", "rax", "|zc|osap"},
    {"f7 f1", "rax rcx rdx", "rax rdx", "rax rdx", "||oszapc"},
    {"f6 f1", "rax rcx", "rax", "", "||oszapc"},
    {"99", "rax", "rdx", "rdx", "||"},
    {"d3 e0", "rax rcx", "rax", "rax", "oszapc|szpc|oa"}, /* by 0 it leaves flags alone */
    {"c1 e0 20", "rax", "rax", "rax", "||"},              /* by 32 & 31 = 0 */
    {"c1 e0 01", "rax", "rax", "rax", "|oszpc|a"},
    {"c1 e0 02", "rax", "rax", "rax", "|szpc|oa"},
    {"a4", "rsi rdi", "rsi rdi", "rsi rdi", "d||"},
    {"a7", "rsi rdi", "rsi rdi", "rsi rdi", "d|oszapc|"},
    {"ae", "rax rdi", "rdi", "rdi", "d|oszapc|"},
    {"6d", "rdx rdi", "rdi", "rdi", "d||"},
    {"6f", "rdx rsi", "rsi", "rsi", "d||"},
    {"f3 ad", "rax rcx rsi", "rax rcx rsi", "", "d||"}, /* rcx may be 0 */
    {"f3 a4", "rcx rsi rdi", "rcx rsi rdi", "", "d||"},
    {"50", "rax rsp", "rsp", "rsp", "||"},
    {"c9", "rbp", "rsp rbp", "rsp rbp", "||"},
    {"c3", "rsp", "rsp", "rsp", "||"},
    {"0f 05", "system", "rax rcx r11 cs ss", "rcx r11", "oszapcd|oszapcd|"},
    {"d7", "rax rbx", "rax", "", "||"},
    {"f3 0f 1e fa", "", "", "", "||"},
    {"0f 1e c8", "", "", "", "||"}, /* reserved nops */
    {"f3 48 0f 1e c1", "", "", "", "||"},
    {"c8 10 00 01", "rsp rbp", "rsp rbp", "rsp rbp", "||"},
    {"c4 e2 7d 17 c1", "xmm0 xmm1", "", "", "|oszapc|"}, /* vptest clears the flags that it does not set */
    {"8f 04 24", "rsp", "rsp", "rsp", "||"},             /* pop (%rsp) */
    {"0f 1f 40 00", "rax", "", "", "||"},                /* the address register is named, as lea's would be */
    {"64 48 8b 04 25 28 00 00 00", "fs", "rax", "rax", "||"},
    {"64 48 8d 04 07", "rax rdi", "rax", "rax", "||"}, /* lea forms an address without the segment */
    {"f2 0f 10 c1", "xmm1", "xmm0", "", "||"},
    {"62 f1 7c 4a 28 c1", "xmm0 xmm1 k2", "xmm0", "", "||"}, /* merging */
    {"62 f1 7c ca 28 c1", "xmm1 k2", "xmm0", "xmm0", "||"},  /* zeroing */
    {"87 18", "rax rbx", "rbx", "rbx", "||"},
    {"0f b1 0b", "rax rcx rbx", "rax", "", "|oszapc|"},
    {"e2 fe", "rcx", "rcx", "rcx", "||"},
    {"64 d7", "rax rbx fs", "rax", "", "||"},
    {"66 0f f7 c1", "xmm0 xmm1 rdi", "", "", "||"}, /* maskmovdqu stores at rdi */
    {"0f 01 fc", "rax", "", "", "||"},
    {"62 f4 74 18 01 c8", "rax rcx", "rcx", "rcx", "|oszapc|"},
    {"62 f4 75 1c 01 c8", "rax rcx", "rcx", "rcx", "||"}, /* {nf}, and 16 bits clear what is above */
    {"62 f4 7c 0c d3 e0", "rax rcx", "rax", "rax", "||"},
    {"62 f4 04 0a 85 c8", "rax rcx", "", "", "|oszpc|a"},
    {"62 f4 04 04 39 c8", "rax rcx", "", "", "z|oszapc|"}, /* ccmpe */
    {"62 f4 7c 0c 44 c8", "rcx", "rax", "rax", "z||"},     /* cfcmove clears where the condition does not hold */
    {"62 f4 74 18 ff f0", "rax rcx rsp", "rsp", "rsp", "||"},
    {"62 f4 7f 18 44 c0", "", "rax", "rax", "z||"}, /* setzue */
    {"66 0f 38 f8 38", "rax rdi", "", "", "||"},
    {"62 f1 7e 08 7e f5", "xmm5", "xmm6", "xmm6", "||"},                 /* vmovd clears what is above */
    {"62 f5 55 08 58 f4", "xmm4 xmm5", "xmm6", "xmm6", "||"},            /* bfloat16 heeds no MXCSR */
    {"62 f1 ff 08 2f f5", "xmm5 xmm6 mxcsr", "mxcsr", "", "|oszapc|"},   /* vcomxsd sets all flags */
    {"62 f2 7d 49 90 04 d1", "xmm0 xmm2 rcx k1", "xmm0 k1", "k1", "||"}, /* a gather clears its mask */
    {"0f 77", "st0 st1 st2 st3 st4 st5 st6 st7 fpu", "st0 st1 st2 st3 st4 st5 st6 st7 fpu", "", "||"},
};

static size_t bytes_parse(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (char *end; *text; text = end + strspn(end, " "))
        out[n++] = (uint8_t)strtoul(text, &end, 16);
    return n;
}

static void test_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t bytes[32];
        size_t n = bytes_parse(texts[i].bytes, bytes);
        Insn insn;
        char buf[INSN_TEXT_MAX];
        if (!texts[i].att) {
            assert_int_equal(insn_decode(bytes, n, PC, &insn), INSN_INVALID);
            continue;
        }
        assert_int_equal(insn_decode(bytes, n, PC, &insn), (int)n);
        assert_int_equal(insn.len, n);
        insn_text(&insn, SYNTAX_ATT, buf, sizeof buf);
        assert_string_equal(buf, texts[i].att);
        if (texts[i].intel) {
            insn_text(&insn, SYNTAX_INTEL, buf, sizeof buf);
            assert_string_equal(buf, texts[i].intel);
        }
    }
}

static void test_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++) {
        uint8_t bytes[64] = {0};
        Insn insn;
        bytes_parse(invalid[i], bytes);
        int r = insn_decode(bytes, sizeof bytes, PC, &insn);
        if (r != INSN_INVALID)
            print_error("%s\n", invalid[i]);
        assert_int_equal(r, INSN_INVALID);
    }
}

/* Every proper beginning of a valid instruction is truncated, whatever follows the end; and not a byte is read there. */
static void test_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        uint8_t bytes[32];
        size_t n = bytes_parse(texts[i].bytes, bytes);
        for (size_t cut = 0; texts[i].att && cut < n; cut++) {
            uint8_t *exact = malloc(cut ? cut : 1);
            Insn insn;
            assert_non_null(exact);
            memcpy(exact, bytes, cut);
            assert_int_equal(insn_decode(exact, cut, PC, &insn), INSN_TRUNCATED);
            free(exact);
        }
    }
}

static RegSet set_parse(const char *names)
{
    RegSet s = {{0, 0}};
    char copy[256];
    snprintf(copy, sizeof copy, "%s", names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        for (unsigned r = 0; r < REG_NONE; r++)
            if (!strcmp(reg_name(r), name))
                regset_add(&s, r);
    return s;
}

static void flags_print(uint8_t flags, char *to)
{
    for (unsigned i = 0; i < 7; i++)
        if (flags >> i & 1)
            *to++ = "oszapcd"[i];
    *to = 0;
}

static void set_check(const char *bytes, const char *what, RegSet got, RegSet want)
{
    if (got.w[0] != want.w[0] || got.w[1] != want.w[1])
        print_error("%s: %s differ\n", bytes, what);
    assert_int_equal(got.w[0], want.w[0]);
    assert_int_equal(got.w[1], want.w[1]);
}

/* What is asked for and does not exist is some name all the same. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(mnemonic_name(MN_COUNT).text, mnemonic_name(0).text);
    assert_string_equal(reg_name_sized(REG_RBX, 8, true), "bh");
    assert_string_equal(reg_name_sized(REG_RSI, 8, true), "sil");
}

static void test_effects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        const EffectCase *c = &effects[i];
        uint8_t bytes[32];
        size_t n = bytes_parse(c->bytes, bytes);
        Insn insn;
        Effects e;
        char flags[32], r[8], w[8], u[8];
        assert_int_equal(insn_decode(bytes, n, PC, &insn), (int)n);
        insn_effects(&insn, &e);
        set_check(c->bytes, "reads", e.reads, set_parse(c->reads));
        set_check(c->bytes, "writes", e.writes, set_parse(c->writes));
        set_check(c->bytes, "kills", e.kills, set_parse(c->kills));
        flags_print(e.flags_read, r), flags_print(e.flags_written, w), flags_print(e.flags_undefined, u);
        snprintf(flags, sizeof flags, "%s|%s|%s", r, w, u);
        assert_string_equal(flags, c->flags);
    }
}

typedef struct ImmCase {
    const char *bytes;
    uint64_t imm;
} ImmCase;

/* Immediates are widened as the instruction uses them. */
static void test_immediates(void **state)
{
    static const ImmCase cases[] = {
        {"48 83 f8 ff", ~(uint64_t)0},          {"48 3d 00 00 00 80", 0xffffffff80000000u},
        {"b8 00 00 00 80", 0x80000000u},        {"c1 e0 ff", 0xff},
        {"6a 80", 0xffffffffffffff80u},         {"c2 ff ff", 0xffff},
        {"48 c7 c0 ff ff ff ff", ~(uint64_t)0}, {"3c 80", 0xffffffffffffff80u},
        {"69 c0 ff ff ff ff", ~(uint64_t)0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[32];
        size_t n = bytes_parse(cases[i].bytes, bytes);
        Insn insn;
        assert_int_equal(insn_decode(bytes, n, PC, &insn), (int)n);
        assert_int_equal(insn.imm, cases[i].imm);
    }
}

static void test_mem_address(void **state)
{
    static const uint8_t rip[] = {0x8b, 0x05, 0x10, 0, 0, 0}, sib[] = {0x8b, 0x04, 0x25, 0, 0, 0, 0x80},
                         base[] = {0x8b, 0x00};
    Insn insn;
    uint64_t addr = 0;
    (void)state;
    assert_int_equal(insn_decode(rip, sizeof rip, PC, &insn), 6);
    assert_true(insn_mem_address(&insn, &addr));
    assert_int_equal(addr, PC + 6 + 0x10);
    assert_int_equal(insn_decode(sib, sizeof sib, PC, &insn), 7);
    assert_true(insn_mem_address(&insn, &addr));
    assert_int_equal(addr, 0xffffffff80000000u);
    assert_int_equal(insn_decode(base, sizeof base, PC, &insn), 2);
    assert_false(insn_mem_address(&insn, &addr));
}

/* Any bytes: no length over 15 or over the buffer, the same verdict with more bytes behind, text that fits. */
static void test_random(void **state)
{
    uint64_t seed = 0x9e3779b97f4a7c15u;
    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        uint8_t bytes[64];
        for (size_t k = 0; k < sizeof bytes; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            bytes[k] = (uint8_t)(seed >> 33);
        }
        Insn insn;
        Effects e;
        char buf[INSN_TEXT_MAX];
        int whole = insn_decode(bytes, sizeof bytes, PC, &insn), cut = insn_decode(bytes, 15, PC, &insn);
        assert_true(whole <= INSN_MAX_LEN && whole != INSN_TRUNCATED && whole != 0);
        assert_int_equal(whole, cut);
        if (whole < 0)
            continue;
        insn_effects(&insn, &e);
        assert_int_equal((e.kills.w[0] & ~e.writes.w[0]) | (e.kills.w[1] & ~e.writes.w[1]), 0);
        assert_int_equal(e.flags_written & e.flags_undefined, 0);
        assert_true(insn_text(&insn, SYNTAX_ATT, buf, sizeof buf) < sizeof buf - 1);
        assert_true(insn_text(&insn, SYNTAX_INTEL, buf, sizeof buf) < sizeof buf - 1);
    }
}

/* The length of the text after 66 has been put before it until there are 15 bytes, in each syntax. */
static size_t padded_text(const uint8_t *bytes, size_t n)
{
    uint8_t padded[64] = {0};
    size_t longest = 0;
    Insn insn;
    int len = insn_decode(bytes, n, PC, &insn);
    if (len <= 0)
        return 0;
    size_t room = (size_t)(INSN_MAX_LEN - len);
    memset(padded, 0x66, room);
    memcpy(padded + room, bytes, (size_t)len);
    if (insn_decode(padded, INSN_MAX_LEN, PC, &insn) <= 0)
        return 0;
    for (Syntax s = SYNTAX_ATT; s <= SYNTAX_INTEL; s++) {
        char buf[2 * INSN_TEXT_MAX];
        size_t got = insn_text(&insn, s, buf, sizeof buf);
        longest = got > longest ? got : longest;
    }
    return longest;
}

/* Of a legacy instruction each 66 is shown, the other prefixes once each: so the longest text is an instruction with
 * some of those and as many 66 as there is room for. Every opcode of the four maps, with the longest address and with
 * registers, is tried. (VEX, EVEX and XOP show no prefixes.) */
static void test_longest_text(void **state)
{
    static const uint8_t maps[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}}, map_bytes[4] = {0, 1, 2, 2};
    static const char *const prefixes[] = {"", "65 67 f3", "67 f0 f3", "65 f0 f3", "2e 36 3e 26 65 67 f0 f2 f3"};
    static const uint8_t forms[][2] = {{0x04, 0x3f}, {0x44, 0x3f}, {0x84, 0x3f}, {0xc0, 0}};
    size_t longest = 0;
    (void)state;
    for (unsigned i = 0; i < 4u * 256 * 8 * 4 * 5; i++) {
        unsigned map = i & 3, opcode = i >> 2 & 255, reg = i >> 10 & 7, form = i >> 13 & 3, prefix = i >> 15;
        uint8_t bytes[64];
        memset(bytes, 0x81, sizeof bytes);
        size_t n = bytes_parse(prefixes[prefix], bytes);
        bytes[n++] = 0x4f;
        memcpy(bytes + n, maps[map], map_bytes[map]);
        n += map_bytes[map];
        bytes[n++] = (uint8_t)opcode;
        bytes[n++] = (uint8_t)(forms[form][0] | reg << 3);
        bytes[n] = forms[form][0] == 0xc0 ? bytes[n] : forms[form][1];
        size_t got = padded_text(bytes, sizeof bytes);
        longest = got > longest ? got : longest;
    }
    assert_in_range(longest, 100, INSN_TEXT_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),       cmocka_unit_test(test_invalid), cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_effects),     cmocka_unit_test(test_names),   cmocka_unit_test(test_immediates),
        cmocka_unit_test(test_mem_address), cmocka_unit_test(test_random),  cmocka_unit_test(test_longest_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
