#pragma once

#include <cstdint>
#include <string_view>

namespace fasttest {

/// pytest's scopes, ordered: the wider, the greater.
enum class Scope : std::uint8_t { function, class_, module, package, session };

std::string_view name(Scope scope);

}  // namespace fasttest
