// dlib's configuration, whose macros its other headers read. Debian's asks for BLAS in matrix products,
// which nothing here computes: without it neither BLAS nor LAPACK has to be linked and loaded.
#include <dlib/assert.h>
#include <dlib/test_for_odr_violations.h>
#undef DLIB_USE_BLAS
#undef DLIB_USE_LAPACK

#include <dlib/array2d.h>
#include <dlib/image_processing/frontal_face_detector.h>
#include <dlib/image_processing/shape_predictor.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>
#include <vector>

#include "face_detector.h"

namespace {

using grey_image = dlib::array2d<unsigned char>;

void copy(const uint8_t *grey, int width, int height, int stride, grey_image &image) {
  image.set_size(height, width);
  for (int row = 0; row < height; ++row)
    std::memcpy(&image[row][0], grey + static_cast<size_t>(row) * stride, width);
}

dlib::rectangle rectangle(const detected_face &face) {
  const auto rounded = [](double value) { return static_cast<long>(std::lround(value)); };
  return dlib::rectangle(rounded(face.left), rounded(face.top),
                         rounded(face.left + face.width) - 1, rounded(face.top + face.height) - 1);
}

// Unpacking the filters takes around a second, copying them nothing.
const dlib::frontal_face_detector &filters() {
  static const dlib::frontal_face_detector unpacked = dlib::get_frontal_face_detector();
  return unpacked;
}

}  // namespace

struct face_detector {
  dlib::frontal_face_detector detector = filters();
  grey_image image;
  std::vector<dlib::rect_detection> found;
};

struct face_landmarker {
  dlib::shape_predictor predictor;
};

face_detector *face_detector_create(void) {
  try {
    return new face_detector;
  } catch (...) {
    return nullptr;
  }
}

void face_detector_destroy(face_detector *detector) { delete detector; }

int face_detector_detect(face_detector *detector, const uint8_t *grey, int width, int height,
                         int stride, double threshold, detected_face *faces, int capacity) {
  try {
    copy(grey, width, height, stride, detector->image);
    // dlib sorts what it found by score and drops what overlaps something better.
    detector->detector(detector->image, detector->found, threshold);
    const int count = std::min(capacity, static_cast<int>(detector->found.size()));
    for (int index = 0; index < count; ++index) {
      const dlib::rect_detection &face = detector->found[index];
      faces[index] = {static_cast<double>(face.rect.left()), static_cast<double>(face.rect.top()),
                      static_cast<double>(face.rect.width()),
                      static_cast<double>(face.rect.height()), face.detection_confidence};
    }
    return count;
  } catch (...) {
    return -1;
  }
}

face_landmarker *face_landmarker_create(const char *file, char *reason, int capacity) {
  face_landmarker *landmarker = nullptr;
  try {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw dlib::error("cannot be opened");
    landmarker = new face_landmarker;
    deserialize(landmarker->predictor, stream);
    return landmarker;
  } catch (const std::exception &error) {
    std::strncpy(reason, error.what(), capacity - 1);
    reason[capacity - 1] = 0;
  }
  delete landmarker;
  return nullptr;
}

void face_landmarker_destroy(face_landmarker *landmarker) { delete landmarker; }

int face_landmarker_count(const face_landmarker *landmarker) {
  return static_cast<int>(landmarker->predictor.num_parts());
}

int face_landmarker_mark(const face_landmarker *landmarker, const uint8_t *grey, int width, int height,
                         int stride, const detected_face *face, double *points) {
  try {
    grey_image image;
    copy(grey, width, height, stride, image);
    const dlib::full_object_detection marked = landmarker->predictor(image, rectangle(*face));
    for (unsigned long part = 0; part < marked.num_parts(); ++part) {
      points[2 * part] = static_cast<double>(marked.part(part).x());
      points[2 * part + 1] = static_cast<double>(marked.part(part).y());
    }
    return 0;
  } catch (...) {
    return -1;
  }
}
