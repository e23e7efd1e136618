#include "core/delta_debugging.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/errors.hpp"

namespace fasttest {

DeltaDebugging::DeltaDebugging(std::int32_t size) {
    if (size < 1)
        throw PlanError("Of no elements none can make anything fail: there has to be one.");
    std::vector<std::int32_t> all(static_cast<std::size_t>(size));
    std::iota(all.begin(), all.end(), 0);
    reduce(std::move(all), 2);
}

void DeltaDebugging::tell(bool fails) {
    if (is_done())
        throw OrchestratorError("The minimal set is found: there is no question left to answer.");
    const bool complement = question_ >= parts_;
    if (fails) {
        reduce(std::move(asked_), complement ? std::max<std::size_t>(parts_ - 1, 2) : 2);
        return;
    }
    ++question_;
    // Of two parts, each is what is left without the other.
    const std::size_t questions = parts_ == 2 ? 2 : 2 * parts_;
    if (question_ < questions)
        ask();
    else if (parts_ < set_.size())
        reduce(std::move(set_), 2 * parts_);
    else
        asked_.clear();
}

void DeltaDebugging::reduce(std::vector<std::int32_t> set, std::size_t parts) {
    set_ = std::move(set);
    parts_ = std::min(parts, set_.size());
    question_ = 0;
    if (set_.size() == 1)
        asked_.clear();
    else
        ask();
}

void DeltaDebugging::ask() {
    asked_ = part(question_ % parts_, question_ >= parts_);
}

std::vector<std::int32_t> DeltaDebugging::part(std::size_t index, bool complement) const {
    const std::size_t begin = set_.size() * index / parts_;
    const std::size_t end = set_.size() * (index + 1) / parts_;
    std::vector<std::int32_t> found;
    for (std::size_t place = 0; place < set_.size(); ++place)
        if ((begin <= place && place < end) != complement) found.push_back(set_[place]);
    return found;
}

}  // namespace fasttest
