#ifndef G_H
#define G_H
#ifdef __KERNEL__
enum E { A };
#endif
enum E { A = 7 };
#endif