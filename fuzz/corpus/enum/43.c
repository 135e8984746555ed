#define P_A 1
#define P_B (P_A | 0x10)
#define Q 3
#define P_S "x"
#define P_F(x) x
enum { P_C = 7 };