enum E { A,
#include "more.def"
 B };