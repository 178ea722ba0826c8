// Counts calls of the allocator while a test is looking.
#pragma once

// Starts counting on the calling thread.
void aver_count_allocations_begin(void);
// Stops counting; returns how many allocations came from code other than the libraries named
// libdnnl, libgomp, libstdc++ and libturbojpeg (kernels and the decoder make a few of their own).
long aver_count_allocations_end(void);
