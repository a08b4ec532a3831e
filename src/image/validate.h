// Consistency of an image that came from outside (private to this folder).
#pragma once

#include "base/result.h"
#include "image/image.h"

namespace sonde::image {

// Every id is in range, layouts do not contain themselves, cells and fields lie within their map values and records.
Result<> validate(const Image& image);

}  // namespace sonde::image
