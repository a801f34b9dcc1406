/* How many elements an array has. Of a pointer, which has none, the compiler says so (-Wsizeof-pointer-div). */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
