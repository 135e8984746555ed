#define A A
enum { A = 3, B = A };