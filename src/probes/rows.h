// The provider rows, one per name; each is defined in its provider's file and listed in registry.cc.
#pragma once

#include "probes/provider.h"

namespace sonde::probes {

extern const Provider kBegin, kEnd, kSelf;
extern const Provider kInterval, kProfile;
extern const Provider kSoftware, kHardware;
extern const Provider kTracepoint, kRawTracepoint;
extern const Provider kKprobe, kKretprobe;
extern const Provider kFentry, kFexit;
extern const Provider kUprobe, kUretprobe, kUsdt;
extern const Provider kWatchpoint;
extern const Provider kIter;
extern const Provider kTest, kBench;

}  // namespace sonde::probes
