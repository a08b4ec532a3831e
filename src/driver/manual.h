// The manual pages: templates in man/, filled from the option table and the registries, so that no page can lag behind.
#pragma once

#include <string>
#include <string_view>

namespace sonde::driver {

// Replaces @VERSION@, @OPTIONS@, @PROBES@, @BUILTINS@, @AGGREGATIONS@, @LIBRARY@ and @FORMATS@ in a roff template.
std::string fill_manual(std::string_view page);

}  // namespace sonde::driver
