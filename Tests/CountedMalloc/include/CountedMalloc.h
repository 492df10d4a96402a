// malloc and its kin for a whole program, with a count; link it into a program of its own only.
#ifndef COUNTEDMALLOC_H
#define COUNTEDMALLOC_H

/// Counts from 0; if `shows`, writes where the first few calls came from to standard error.
void count_allocations(int shows);

/// Ends the count and gives the number of calls since, of all threads.
long counted_allocations(void);

#endif
