#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/tx.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

// Macros with a cast or a negation, which Swift does not import.

static const int64_t aver_no_timestamp = AV_NOPTS_VALUE;
static const int aver_error_end_of_file = AVERROR_EOF;
static const int aver_error_again = AVERROR(EAGAIN);
static const int aver_error_invalid_data = AVERROR_INVALIDDATA;

// Side data of a stream moved from the stream to its parameters in FFmpeg 6.1.

static inline const int32_t *aver_display_matrix(const AVStream *stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData *data = av_packet_side_data_get(
      stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
      AV_PKT_DATA_DISPLAYMATRIX);
  return data && data->size >= 36 ? (const int32_t *)data->data : NULL;
#else
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 36 ? (const int32_t *)data : NULL;
#endif
}

// libswscale's context is an opaque struct up to FFmpeg 7 and a complete one from 8 on, where flags have a
// type of their own: Swift imports the two as different types.

static const int aver_scale_colours = SWS_BICUBIC | SWS_FULL_CHR_H_INT | SWS_ACCURATE_RND;
static const int aver_scale_grey = SWS_BILINEAR | SWS_ACCURATE_RND | SWS_BITEXACT;

static inline void *aver_scaler(
    void *cached, int from_width, int from_height, enum AVPixelFormat from, int to_width,
    int to_height, enum AVPixelFormat to, int flags) {
  return sws_getCachedContext(
      cached, from_width, from_height, from, to_width, to_height, to, flags,
      NULL, NULL, NULL);
}

static inline void aver_scaler_free(void *scaler) { sws_freeContext(scaler); }

static inline int aver_scaler_set_colours(
    void *scaler, const int *coefficients, int from_full_range, int to_full_range) {
  return sws_setColorspaceDetails(
      scaler, coefficients, from_full_range, coefficients, to_full_range, 0,
      1 << 16, 1 << 16);
}

static inline int aver_scale(
    void *scaler, const uint8_t *const from[], const int from_strides[], int rows,
    uint8_t *const to[], const int to_strides[]) {
  return sws_scale(scaler, from, from_strides, 0, rows, to, to_strides);
}
