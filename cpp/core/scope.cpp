#include "core/scope.hpp"

#include <array>

namespace fasttest {

std::string_view name(Scope scope) {
    static constexpr std::array<std::string_view, 5> names{"function", "class", "module", "package",
                                                           "session"};
    return names.at(static_cast<std::size_t>(scope));
}

}  // namespace fasttest
