#include "core/start_order.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <random>
#include <utility>

namespace fasttest {

namespace {

using Random = std::mt19937_64;

std::size_t at(std::int32_t id) {
    return static_cast<std::size_t>(id);
}

/// Not the standard library's, whose result is another one on every platform.
void shuffle(std::vector<TestId>& tests, Random& random) {
    for (std::size_t left = tests.size(); left > 1; --left)
        std::swap(tests[left - 1], tests[random() % left]);
}

std::vector<TestId> in_collection_order(const Plan& plan) {
    std::vector<TestId> tests(plan.test_count());
    std::iota(tests.begin(), tests.end(), 0);
    return tests;
}

std::vector<TestId> some_moved_up(const Plan& plan, Random& random) {
    std::vector<TestId> order;
    std::vector<TestId> others;
    for (const TestId test : in_collection_order(plan)) {
        const bool may_wait = plan.loop_of(test) != no_loop || plan.expected_wait(test) > 0;
        (may_wait && random() % 2 == 0 ? order : others).push_back(test);
    }
    shuffle(order, random);
    order.insert(order.end(), others.begin(), others.end());
    return plan.makers_first(std::move(order));
}

std::vector<TestId> shuffled_in_scopes(const Plan& plan, Random& random) {
    std::vector<std::uint64_t> key_of_scope(plan.scope_instance_count());
    for (std::uint64_t& key : key_of_scope) key = random();
    // From the outside to the inside, and last of all the test's own.
    std::vector<std::vector<std::uint64_t>> keys(plan.test_count());
    for (TestId test = 0; at(test) < plan.test_count(); ++test) {
        std::vector<std::uint64_t>& path = keys[at(test)];
        path.push_back(random());
        for (ScopeId scope = plan.scope_of(test); scope != none; scope = plan.parent(scope))
            path.push_back(key_of_scope[at(scope)]);
        std::ranges::reverse(path);
    }
    std::vector<TestId> order = in_collection_order(plan);
    std::ranges::stable_sort(order, {}, [&](TestId test) -> const auto& { return keys[at(test)]; });
    return order;
}

}  // namespace

std::vector<TestId> start_order(const Plan& plan, bool serial, Seed seed) {
    if (seed) {
        Random random(*seed);
        return serial ? shuffled_in_scopes(plan, random) : some_moved_up(plan, random);
    }
    if (serial) return in_collection_order(plan);
    return {plan.order().begin(), plan.order().end()};
}

}  // namespace fasttest
