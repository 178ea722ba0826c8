#ifndef AVER_FACE_DETECTOR_H
#define AVER_FACE_DETECTOR_H

// dlib is C++ made of templates, which Swift cannot import: these functions are its face detector and
// its landmark predictor with plain types. No exception leaves them.

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct face_detector face_detector;
typedef struct face_landmarker face_landmarker;

// A face in a grey image: its box in pixels and how far its score lies above dlib's own threshold.
typedef struct {
  double left, top, width, height;
  double score;
} detected_face;

// The side of the smallest face that is found, in pixels: the detector's window.
enum { FACE_DETECTOR_WINDOW = 80 };

// A detector of frontal faces, NULL where there is no memory for it. One thread at a time.
face_detector *face_detector_create(void);
void face_detector_destroy(face_detector *detector);

// Finds the faces of a grey image whose score is at least `threshold`. Its `height` rows of `width` bytes
// begin `stride` bytes apart.
// Writes the best `capacity` of them, best first. Returns how many it wrote, -1 without memory.
int face_detector_detect(face_detector *detector, const uint8_t *grey, int width, int height,
                         int stride, double threshold, detected_face *faces, int capacity);

// Reads dlib's shape predictor from `file`. NULL on failure; `reason`, of `capacity` bytes, says why.
face_landmarker *face_landmarker_create(const char *file, char *reason, int capacity);
void face_landmarker_destroy(face_landmarker *landmarker);

// How many points the predictor marks.
int face_landmarker_count(const face_landmarker *landmarker);

// Marks the face within the box of `face`: x and y of each point, `2 * count` doubles. Returns 0, -1
// without memory.
int face_landmarker_mark(const face_landmarker *landmarker, const uint8_t *grey, int width, int height,
                         int stride, const detected_face *face, double *points);

#ifdef __cplusplus
}
#endif
#endif
