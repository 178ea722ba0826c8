#include "onednn_shim.h"

#include <stdlib.h>
#include <string.h>

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "AVER needs oneDNN 2.x (2.6 or newer) or 3.x"
#endif

#define V3 (DNNL_VERSION_MAJOR >= 3)

// A structure in 2.x, a handle in 3.x: `value` is either.
struct aver_memory_desc {
  dnnl_memory_desc_t value;
};

#if V3
typedef const_dnnl_memory_desc_t md_argument_t;
static md_argument_t argument(aver_const_md_t md) { return md ? md->value : NULL; }
#else
typedef const dnnl_memory_desc_t *md_argument_t;
static md_argument_t argument(aver_const_md_t md) { return md ? &md->value : NULL; }
#endif

// ---- Memory

static dnnl_status_t allocate(aver_md_t *md) {
  *md = calloc(1, sizeof(**md));
  return *md ? dnnl_success : dnnl_out_of_memory;
}

static dnnl_status_t keep_or_free(aver_md_t *md, dnnl_status_t status) {
  if (status != dnnl_success) {
    free(*md);
    *md = NULL;
  }
  return status;
}

static dnnl_status_t create_by_tag(aver_md_t *md, int ndims, const int64_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag) {
  dnnl_status_t status = allocate(md);
  if (status != dnnl_success) return status;
#if V3
  status = dnnl_memory_desc_create_with_tag(&(*md)->value, ndims, dims, type, tag);
#else
  status = dnnl_memory_desc_init_by_tag(&(*md)->value, ndims, dims, type, tag);
#endif
  return keep_or_free(md, status);
}

dnnl_status_t aver_md_create_any(
    aver_md_t *md, int ndims, const int64_t *dims, dnnl_data_type_t type) {
  return create_by_tag(md, ndims, dims, type, dnnl_format_tag_any);
}

dnnl_status_t aver_md_create_channel_blocks(
    aver_md_t *md, const int64_t *dims, dnnl_data_type_t type, int block) {
  return create_by_tag(md, 4, dims, type, block == 16 ? dnnl_nChw16c : dnnl_nChw8c);
}

dnnl_status_t aver_md_create_strided(
    aver_md_t *md, int ndims, const int64_t *dims, dnnl_data_type_t type, const int64_t *strides) {
  dnnl_status_t status = allocate(md);
  if (status != dnnl_success) return status;
#if V3
  status = dnnl_memory_desc_create_with_strides(&(*md)->value, ndims, dims, type, strides);
#else
  status = dnnl_memory_desc_init_by_strides(&(*md)->value, ndims, dims, type, strides);
#endif
  return keep_or_free(md, status);
}

dnnl_status_t aver_md_query(
    aver_md_t *md, const_dnnl_primitive_desc_t descriptor, dnnl_query_t what) {
  *md = NULL;
  md_argument_t found = dnnl_primitive_desc_query_md(descriptor, what, 0);
  if (!found || dnnl_memory_desc_get_size(found) == 0) return dnnl_success;
  dnnl_status_t status = allocate(md);
  if (status != dnnl_success) return status;
#if V3
  status = dnnl_memory_desc_clone(&(*md)->value, found);
#else
  (*md)->value = *found;
#endif
  return keep_or_free(md, status);
}

void aver_md_destroy(aver_md_t md) {
#if V3
  dnnl_memory_desc_destroy(md->value);
#endif
  free(md);
}

dnnl_data_type_t aver_md_data_type(aver_const_md_t md) {
#if V3
  dnnl_data_type_t type = dnnl_data_type_undef;
  dnnl_memory_desc_query(md->value, dnnl_query_data_type, &type);
  return type;
#else
  return md->value.data_type;
#endif
}

bool aver_md_equal(aver_const_md_t left, aver_const_md_t right) {
  return dnnl_memory_desc_equal(argument(left), argument(right)) != 0;
}

int aver_md_dims(aver_const_md_t md, int64_t *dims) {
#if V3
  int ndims = 0;
  const dnnl_dims_t *lengths = NULL;
  if (dnnl_memory_desc_query(md->value, dnnl_query_ndims_s32, &ndims) != dnnl_success) return 0;
  if (dnnl_memory_desc_query(md->value, dnnl_query_dims, &lengths) != dnnl_success) return 0;
  memcpy(dims, *lengths, (size_t)ndims * sizeof(*dims));
  return ndims;
#else
  memcpy(dims, md->value.dims, (size_t)md->value.ndims * sizeof(*dims));
  return md->value.ndims;
#endif
}

size_t aver_md_size(aver_const_md_t md) { return dnnl_memory_desc_get_size(argument(md)); }

dnnl_status_t aver_memory_create(
    dnnl_memory_t *memory, aver_const_md_t md, dnnl_engine_t engine, void *data) {
  return dnnl_memory_create(memory, argument(md), engine, data);
}

// ---- Attributes

static dnnl_status_t append_sum(dnnl_post_ops_t operations) {
#if V3
  return dnnl_post_ops_append_sum(operations, 1, 0, dnnl_data_type_undef);
#else
  return dnnl_post_ops_append_sum(operations, 1);
#endif
}

static dnnl_status_t append_function(dnnl_post_ops_t operations, aver_function_t function) {
#if V3
  return dnnl_post_ops_append_eltwise(
      operations, function.algorithm, function.alpha, function.beta);
#else
  return dnnl_post_ops_append_eltwise(
      operations, 1, function.algorithm, function.alpha, function.beta);
#endif
}

static dnnl_status_t set_post_operations(
    dnnl_primitive_attr_t attributes, bool adds, const aver_function_t *function) {
  dnnl_post_ops_t operations;
  dnnl_status_t status = dnnl_post_ops_create(&operations);
  if (status != dnnl_success) return status;
  if (adds) status = append_sum(operations);
  if (status == dnnl_success && function) status = append_function(operations, *function);
  if (status == dnnl_success) status = dnnl_primitive_attr_set_post_ops(attributes, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

dnnl_status_t aver_attributes_create(
    dnnl_primitive_attr_t *attributes, bool adds, const aver_function_t *function) {
  dnnl_status_t status = dnnl_primitive_attr_create(attributes);
  if (status != dnnl_success) return status;
  status = dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user);
#if V3 && (DNNL_VERSION_MAJOR > 3 || DNNL_VERSION_MINOR >= 4)
  if (status == dnnl_success) status = dnnl_primitive_attr_set_deterministic(*attributes, 1);
#endif
  if (status == dnnl_success && (adds || function)) {
    status = set_post_operations(*attributes, adds, function);
  }
  if (status != dnnl_success) {
    dnnl_primitive_attr_destroy(*attributes);
    *attributes = NULL;
  }
  return status;
}

// ---- Primitive descriptors

#if !V3
// The second of 2.x's two calls: from an operation descriptor to a primitive descriptor.
static dnnl_status_t finish(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_status_t status, const void *operation, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes) {
  if (status != dnnl_success) return status;
  return dnnl_primitive_desc_create(descriptor, operation, attributes, engine, forward);
}
#endif

dnnl_status_t aver_convolution_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_const_md_t source, aver_const_md_t weights, aver_const_md_t bias,
    aver_const_md_t destination, const aver_window_t *w, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_convolution_forward_primitive_desc_create(descriptor, engine, kind,
      dnnl_convolution_direct, argument(source), argument(weights), argument(bias),
      argument(destination), w->strides, w->dilates, w->padding_begin, w->padding_end, attributes);
#else
  dnnl_convolution_desc_t operation;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(&operation, kind,
      dnnl_convolution_direct, argument(source), argument(weights), argument(bias),
      argument(destination), w->strides, w->dilates, w->padding_begin, w->padding_end);
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_convolution_backward_data(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source_gradient, aver_const_md_t weights,
    aver_const_md_t destination_gradient, const aver_window_t *w,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_convolution_backward_data_primitive_desc_create(descriptor, engine,
      dnnl_convolution_direct, argument(source_gradient), argument(weights),
      argument(destination_gradient), w->strides, w->dilates, w->padding_begin, w->padding_end,
      forward, attributes);
#else
  dnnl_convolution_desc_t operation;
  dnnl_status_t status = dnnl_dilated_convolution_backward_data_desc_init(&operation,
      dnnl_convolution_direct, argument(source_gradient), argument(weights),
      argument(destination_gradient), w->strides, w->dilates, w->padding_begin, w->padding_end);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_convolution_backward_weights(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source, aver_const_md_t weights_gradient,
    aver_const_md_t bias_gradient, aver_const_md_t destination_gradient, const aver_window_t *w,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_convolution_backward_weights_primitive_desc_create(descriptor, engine,
      dnnl_convolution_direct, argument(source), argument(weights_gradient),
      argument(bias_gradient), argument(destination_gradient), w->strides, w->dilates, w->padding_begin, w->padding_end,
      forward, attributes);
#else
  dnnl_convolution_desc_t operation;
  dnnl_status_t status = dnnl_dilated_convolution_backward_weights_desc_init(&operation,
      dnnl_convolution_direct, argument(source), argument(weights_gradient),
      argument(bias_gradient), argument(destination_gradient), w->strides, w->dilates, w->padding_begin, w->padding_end);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_batch_normalization_forward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, dnnl_prop_kind_t kind, aver_const_md_t data, float epsilon,
    unsigned flags, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_batch_normalization_forward_primitive_desc_create(descriptor, engine, kind,
      argument(data), argument(data), epsilon, flags, attributes);
#else
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t status = dnnl_batch_normalization_forward_desc_init(
      &operation, kind, argument(data), epsilon, flags);
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_batch_normalization_backward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t data_gradient, aver_const_md_t data, float epsilon,
    unsigned flags, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_batch_normalization_backward_primitive_desc_create(descriptor, engine, dnnl_backward,
      argument(data_gradient), argument(data_gradient), argument(data), epsilon, flags, forward,
      attributes);
#else
  dnnl_batch_normalization_desc_t operation;
  dnnl_status_t status = dnnl_batch_normalization_backward_desc_init(
      &operation, dnnl_backward, argument(data_gradient), argument(data), epsilon, flags);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

bool aver_batch_normalization_backward_takes_shift(void) { return !V3; }

dnnl_status_t aver_layer_normalization_forward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, dnnl_prop_kind_t kind, aver_const_md_t data, aver_const_md_t statistics,
    float epsilon, unsigned flags, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_layer_normalization_forward_primitive_desc_create(descriptor, engine, kind,
      argument(data), argument(data), argument(statistics), epsilon, flags, attributes);
#else
  dnnl_layer_normalization_desc_t operation;
  dnnl_status_t status = dnnl_layer_normalization_forward_desc_init(
      &operation, kind, argument(data), argument(statistics), epsilon, flags);
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_layer_normalization_backward(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t data, aver_const_md_t statistics, float epsilon,
    unsigned flags, const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_layer_normalization_backward_primitive_desc_create(descriptor, engine, dnnl_backward,
      argument(data), argument(data), argument(data), argument(statistics), epsilon, flags,
      forward, attributes);
#else
  dnnl_layer_normalization_desc_t operation;
  dnnl_status_t status = dnnl_layer_normalization_backward_desc_init(&operation, dnnl_backward,
      argument(data), argument(data), argument(statistics), epsilon, flags);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_pooling_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, dnnl_alg_kind_t algorithm, aver_const_md_t source,
    aver_const_md_t destination, const aver_window_t *w, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_pooling_forward_primitive_desc_create(descriptor, engine, kind, algorithm,
      argument(source), argument(destination), w->strides, w->kernel, w->dilates,
      w->padding_begin, w->padding_end, attributes);
#else
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t status = dnnl_pooling_v2_forward_desc_init(&operation, kind, algorithm,
      argument(source), argument(destination), w->strides, w->kernel, w->dilates,
      w->padding_begin, w->padding_end);
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_pooling_backward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_alg_kind_t algorithm, aver_const_md_t source_gradient,
    aver_const_md_t destination_gradient, const aver_window_t *w,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_pooling_backward_primitive_desc_create(descriptor, engine, algorithm,
      argument(source_gradient), argument(destination_gradient), w->strides, w->kernel,
      w->dilates, w->padding_begin, w->padding_end, forward, attributes);
#else
  dnnl_pooling_v2_desc_t operation;
  dnnl_status_t status = dnnl_pooling_v2_backward_desc_init(&operation, algorithm,
      argument(source_gradient), argument(destination_gradient), w->strides, w->kernel,
      w->dilates, w->padding_begin, w->padding_end);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_inner_product_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_const_md_t source, aver_const_md_t weights, aver_const_md_t bias,
    aver_const_md_t destination, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_inner_product_forward_primitive_desc_create(descriptor, engine, kind,
      argument(source), argument(weights), argument(bias), argument(destination), attributes);
#else
  dnnl_inner_product_desc_t operation;
  dnnl_status_t status = dnnl_inner_product_forward_desc_init(&operation, kind, argument(source),
      argument(weights), argument(bias), argument(destination));
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_inner_product_backward_data(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source_gradient, aver_const_md_t weights,
    aver_const_md_t destination_gradient, const_dnnl_primitive_desc_t forward,
    const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_inner_product_backward_data_primitive_desc_create(descriptor, engine,
      argument(source_gradient), argument(weights), argument(destination_gradient), forward,
      attributes);
#else
  dnnl_inner_product_desc_t operation;
  dnnl_status_t status = dnnl_inner_product_backward_data_desc_init(&operation,
      argument(source_gradient), argument(weights), argument(destination_gradient));
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_inner_product_backward_weights(dnnl_primitive_desc_t *descriptor,
    dnnl_engine_t engine, aver_const_md_t source, aver_const_md_t weights_gradient,
    aver_const_md_t bias_gradient, aver_const_md_t destination_gradient,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_inner_product_backward_weights_primitive_desc_create(descriptor, engine,
      argument(source), argument(weights_gradient), argument(bias_gradient),
      argument(destination_gradient), forward, attributes);
#else
  dnnl_inner_product_desc_t operation;
  dnnl_status_t status = dnnl_inner_product_backward_weights_desc_init(&operation,
      argument(source), argument(weights_gradient), argument(bias_gradient),
      argument(destination_gradient));
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_addition(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_const_md_t left, aver_const_md_t right, aver_const_md_t destination,
    const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_binary_primitive_desc_create(descriptor, engine, dnnl_binary_add, argument(left),
      argument(right), argument(destination), attributes);
#else
  dnnl_binary_desc_t operation;
  dnnl_status_t status = dnnl_binary_desc_init(
      &operation, dnnl_binary_add, argument(left), argument(right), argument(destination));
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_elementwise_forward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    dnnl_prop_kind_t kind, aver_function_t function, aver_const_md_t data,
    const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_eltwise_forward_primitive_desc_create(descriptor, engine, kind, function.algorithm,
      argument(data), argument(data), function.alpha, function.beta, attributes);
#else
  dnnl_eltwise_desc_t operation;
  dnnl_status_t status = dnnl_eltwise_forward_desc_init(
      &operation, kind, function.algorithm, argument(data), function.alpha, function.beta);
  return finish(descriptor, engine, status, &operation, NULL, attributes);
#endif
}

dnnl_status_t aver_elementwise_backward(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_function_t function, aver_const_md_t data_gradient, aver_const_md_t data,
    const_dnnl_primitive_desc_t forward, const_dnnl_primitive_attr_t attributes) {
#if V3
  return dnnl_eltwise_backward_primitive_desc_create(descriptor, engine, function.algorithm,
      argument(data_gradient), argument(data_gradient), argument(data), function.alpha,
      function.beta, forward, attributes);
#else
  dnnl_eltwise_desc_t operation;
  dnnl_status_t status = dnnl_eltwise_backward_desc_init(&operation, function.algorithm,
      argument(data_gradient), argument(data), function.alpha, function.beta);
  return finish(descriptor, engine, status, &operation, forward, attributes);
#endif
}

dnnl_status_t aver_reorder(dnnl_primitive_desc_t *descriptor, dnnl_engine_t engine,
    aver_const_md_t source, aver_const_md_t destination, const_dnnl_primitive_attr_t attributes) {
  return dnnl_reorder_primitive_desc_create(
      descriptor, argument(source), engine, argument(destination), engine, attributes);
}
