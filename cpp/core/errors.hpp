#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fasttest {

/// A suite that cannot be planned: its tables contradict each other.
class PlanError : public std::invalid_argument {
  public:
    using std::invalid_argument::invalid_argument;
};

/// A fixture needs itself; the message holds the whole path, `a -> b -> a`.
class FixtureCycleError : public PlanError {
  public:
    using PlanError::PlanError;
};

/// A fixture asks for something that lives shorter than itself.
class ScopeMismatchError : public PlanError {
  public:
    using PlanError::PlanError;
};

/// Nobody defines a fixture of that name where it is asked for.
class FixtureLookupError : public PlanError {
  public:
    using PlanError::PlanError;
};

/// The executor told the orchestrator something that cannot be: a mistake of the caller.
class OrchestratorError : public std::logic_error {
  public:
    using std::logic_error::logic_error;
};

/// Throws PlanError unless 0 <= id < size; `kind` names the table in the message.
void check_id(std::string_view kind, std::int64_t id, std::size_t size);

/// `a -> b -> c`
std::string joined_path(const std::vector<std::string>& names);

}  // namespace fasttest
