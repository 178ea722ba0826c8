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
