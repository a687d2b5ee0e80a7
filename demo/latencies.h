// Quantiles of a few hundred measured durations.
#pragma once

#include <vector>

namespace demo {

// The smallest value that at least `share` (0 to 1] of the values do not exceed
// (nearest rank); 0 when there are none.
double quantile(std::vector<double> values, double share);

}  // namespace demo
