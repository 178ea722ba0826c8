// What Swift cannot import of oneDNN, and what changed between its C interfaces 2.x and 3.x.
//
// Everything that both versions declare alike (engines, streams, primitives, execution, enumerations)
// is used from <dnnl.h> directly. Memory descriptors are a structure in 2.x and an opaque handle in
// 3.x, and primitive descriptors are made in two calls in 2.x and in one in 3.x: those are wrapped
// here, in 3.x's spirit. Every function returns oneDNN's status unless it says otherwise.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dnnl.h>

// A memory descriptor on the heap, owned by whoever made it.
typedef struct aver_memory_desc *aver_md_t;
typedef const struct aver_memory_desc *aver_const_md_t;

// A descriptor whose layout the library may choose.
dnnl_status_t aver_md_create_any(
    aver_md_t *md, int ndims, const int64_t *dims, dnnl_data_type_t type);
// A descriptor with the given strides, in elements.
dnnl_status_t aver_md_create_strided(
    aver_md_t *md, int ndims, const int64_t *dims, dnnl_data_type_t type, const int64_t *strides);
// A descriptor [batch, channels, height, width] whose channels lie in blocks of 16 or 8.
dnnl_status_t aver_md_create_channel_blocks(
    aver_md_t *md, const int64_t *dims, dnnl_data_type_t type, int block);
// A copy of the descriptor that a primitive descriptor holds for `what`; NULL where it has none.
dnnl_status_t aver_md_query(
    aver_md_t *md, const_dnnl_primitive_desc_t descriptor, dnnl_query_t what);
void aver_md_destroy(aver_md_t md);
dnnl_data_type_t aver_md_data_type(aver_const_md_t md);
bool aver_md_equal(aver_const_md_t left, aver_const_md_t right);
// The number of axes; their lengths go into `dims`, which has room for DNNL_MAX_NDIMS.
int aver_md_dims(aver_const_md_t md, int64_t *dims);
// Bytes, padding of blocked layouts included.
size_t aver_md_size(aver_const_md_t md);

dnnl_status_t aver_memory_create(
    dnnl_memory_t *memory, aver_const_md_t md, dnnl_engine_t engine, void *data);

// Strides, dilations (0: dense) and paddings of a two-dimensional window, height before width.
typedef struct {
  int64_t kernel[2], strides[2], dilates[2], padding_begin[2], padding_end[2];
} aver_window_t;

// A function of each element, with oneDNN's parameters of it.
typedef struct {
  dnnl_alg_kind_t algorithm;
  float alpha, beta;
} aver_function_t;

// Attributes shared by all primitives: the caller provides the scratchpad, results are deterministic.
// With `adds`, the primitive adds to what is in the array of its result. Then the result passes
// through `function`, unless that is NULL.
dnnl_status_t aver_attributes_create(
    dnnl_primitive_attr_t *attributes, bool adds, const aver_function_t *function);

// Weights of more than one group are [groups, out / groups, in / groups, height, width]; the bias may
// be NULL.
dnnl_status_t aver_convolution_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_const_md_t source, aver_const_md_t weights, aver_const_md_t bias,
    aver_const_md_t destination, const aver_window_t *window, const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_convolution_backward_data(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source_gradient, aver_const_md_t weights,
    aver_const_md_t destination_gradient, const aver_window_t *window,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_convolution_backward_weights(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source, aver_const_md_t weights_gradient,
    aver_const_md_t bias_gradient, aver_const_md_t destination_gradient,
    const aver_window_t *window,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

dnnl_status_t aver_batch_normalization_forward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, dnnl_prop_kind_t kind, aver_const_md_t data, float epsilon,
    unsigned flags, const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_batch_normalization_backward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t data_gradient, aver_const_md_t data, float epsilon,
    unsigned flags, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

// Whether the backward pass wants the shift among its arguments: 2.x insists, 3.x refuses.
bool aver_batch_normalization_backward_takes_shift(void);

// Over the last axis; mean and variance of each row lie as `statistics` says.
dnnl_status_t aver_layer_normalization_forward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, dnnl_prop_kind_t kind, aver_const_md_t data, aver_const_md_t statistics,
    float epsilon, unsigned flags, const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_layer_normalization_backward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t data, aver_const_md_t statistics, float epsilon,
    unsigned flags, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

dnnl_status_t aver_pooling_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, aver_const_md_t source,
    aver_const_md_t destination, const aver_window_t *window,
    const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_pooling_backward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_alg_kind_t algorithm, aver_const_md_t source_gradient,
    aver_const_md_t destination_gradient, const aver_window_t *window,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

dnnl_status_t aver_inner_product_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_const_md_t source, aver_const_md_t weights, aver_const_md_t bias,
    aver_const_md_t destination, const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_inner_product_backward_data(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source_gradient, aver_const_md_t weights,
    aver_const_md_t destination_gradient, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_inner_product_backward_weights(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source, aver_const_md_t weights_gradient,
    aver_const_md_t bias_gradient, aver_const_md_t destination_gradient,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

dnnl_status_t aver_addition(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_const_md_t left, aver_const_md_t right, aver_const_md_t destination,
    const_dnnl_primitive_attr_t attributes);

// `data` of the backward pass is the result where the algorithm is one of `…_use_dst_for_bwd`, else
// the argument.
dnnl_status_t aver_elementwise_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_function_t function, aver_const_md_t data,
    const_dnnl_primitive_attr_t attributes);
dnnl_status_t aver_elementwise_backward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_function_t function, aver_const_md_t data_gradient, aver_const_md_t data,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes);

dnnl_status_t aver_reorder(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_const_md_t source, aver_const_md_t destination, const_dnnl_primitive_attr_t attributes);
