// Puts the code that calls run through on a huge page. A release binary has it in one place (cmake/optimised.cmake):
// two megabytes, of which a call runs through two hundred pages, more than a processor has instruction-TLB entries for.
#pragma once

namespace aig::app {

/// Once, before the first loop starts. False: left as it is, because the kernel has no huge page for it, forbids code
/// that was written, or the binary is laid out differently. Nothing but speed depends on it.
bool use_huge_page_for_hot_text();

}  // namespace aig::app
