// Takes back what vector_lanes.h and instruction_sets.h define for one instruction set.
#undef FLOATS
#undef WORDS
#undef HALVES
#undef KERNEL
#undef INLINE
#undef FOR_ALL
#undef LANES
#undef TARGET
#undef NAME
