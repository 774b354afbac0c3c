#include <ppdl/optimize/line_search.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace ppdl {
namespace {

constexpr double longest_step = 1e10;
constexpr double least_growth = 1.1;      // of the distance from the best point to a trial, before a bracket is known,
constexpr double most_growth = 4.0;       // for the next trial
constexpr double least_shrinkage = 0.66;  // of the bracket in two trials; otherwise the next one bisects it
constexpr double narrow = 0.1;            // a bracket is final once it is this narrow, relative to its far end
constexpr double retreat = 0.1;           // of the distance from the best point to one where φ is not finite

bool is_finite(const LinePoint& point) { return std::isfinite(point.value) && std::isfinite(point.slope); }

/// Where the cubic through `a` and `b` with their slopes has its local minimum (Nocedal and Wright 2006, eq. 3.59); not
/// finite if it has none.
double cubic_minimum(const LinePoint& a, const LinePoint& b) {
  const double width = b.step - a.step;
  const double mean = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
  const double root = std::copysign(std::sqrt(mean * mean - a.slope * b.slope), width);
  return b.step - width * (b.slope + root - mean) / (b.slope - a.slope + 2.0 * root);
}

/// Where the parabola through `a` and `b` with the slope of `a` has its minimum.
double parabola_minimum(const LinePoint& a, const LinePoint& b) {
  const double width = b.step - a.step;
  return a.step + 0.5 * width * a.slope / (a.slope - (b.value - a.value) / width);
}

/// Where the slope, taken as linear between `a` and `b`, is zero.
double secant_root(const LinePoint& a, const LinePoint& b) {
  return b.step - b.slope * (b.step - a.step) / (b.slope - a.slope);
}

}  // namespace

WolfeSearch::WolfeSearch(double value, double slope, double initial_step, const WolfeOptions& options)
    : options_(options),
      start_{0.0, value, slope},
      best_(start_),
      other_(start_),
      step_(std::min(initial_step, longest_step)),
      longest_(longest_step),
      width_(longest_step),
      previous_width_(2.0 * longest_step) {}

void WolfeSearch::report(double value, double slope) {
  const LinePoint trial{step_, value, slope};
  const double enough = start_.value + options_.sufficient_decrease * step_ * start_.slope;
  if (!is_finite(trial)) {
    back_off();
  } else if (value <= std::max(enough, start_.value + options_.value_error) &&
             std::abs(slope) <= options_.curvature * std::abs(start_.slope)) {
    state_ = State::found;
    return;
  } else {
    if (value <= enough && slope >= 0.0) tilted_ = false;
    refine(trial);
  }
  if (++trials_ == options_.max_trials) state_ = State::failed;
}

LinePoint WolfeSearch::seen(const LinePoint& point) const {
  if (!tilted_) return point;
  const double tilt = options_.sufficient_decrease * start_.slope;
  return {point.step, point.value - start_.value - tilt * point.step, point.slope - tilt};
}

void WolfeSearch::back_off() {
  longest_ = 0.5 * (best_.step + step_);
  step_ = best_.step + retreat * (step_ - best_.step);
  bracketed_ = false;
}

void WolfeSearch::refine(const LinePoint& trial) {
  // Cases as numbered in Moré and Thuente, Sec. 4: how the next trial follows from the best point l, the other end u of
  // the bracket and this trial t. Their Sec. 2 says which two of the three are the next bracket.
  const LinePoint l = seen(best_), u = seen(other_), t = seen(trial);
  const auto farther = [&](double a, double b) { return std::abs(a - t.step) >= std::abs(b - t.step) ? a : b; };
  const auto nearer = [&](double a, double b) { return std::abs(a - t.step) < std::abs(b - t.step) ? a : b; };
  const double ahead = t.step - l.step;
  double next;
  if (t.value > l.value) {  // case 1: there is a minimum between l and t
    const double cubic = cubic_minimum(l, t), parabola = parabola_minimum(l, t);
    next = std::abs(cubic - l.step) < std::abs(parabola - l.step) ? cubic : 0.5 * (cubic + parabola);
    other_ = trial;
    bracketed_ = true;
  } else if (t.slope * ahead > 0.0) {  // case 2: there is a minimum between l and t, and t is lower
    next = farther(cubic_minimum(l, t), secant_root(l, t));
    other_ = best_;
    best_ = trial;
    bracketed_ = true;
  } else {  // still descending at t
    const double limit =
        bracketed_ ? t.step + least_shrinkage * (u.step - t.step) : std::min(t.step + most_growth * ahead, longest_);
    if (std::abs(t.slope) <= std::abs(l.slope)) {  // case 3: the slope flattens
      const double cubic = cubic_minimum(l, t), secant = secant_root(l, t);
      const double curved = (cubic - t.step) * ahead > 0.0 ? cubic : limit;
      next = bracketed_ ? nearer(nearer(curved, secant), limit) : farther(curved, secant);
    } else {  // case 4: it steepens
      next = bracketed_ ? cubic_minimum(u, t) : limit;
    }
    if (!bracketed_) next = std::min(std::max(next, t.step + least_growth * ahead), limit);
    best_ = trial;
  }
  if (bracketed_) next = inside_bracket(next);
  const bool exhausted = bracketed_ ? width_ <= narrow * std::max(best_.step, other_.step) : trial.step >= longest_;
  if (exhausted) state_ = State::failed;
  step_ = next;
}

double WolfeSearch::inside_bracket(double next) {
  const double width = std::abs(other_.step - best_.step);
  const bool slow = width >= least_shrinkage * previous_width_;
  previous_width_ = std::exchange(width_, width);
  const auto [low, high] = std::minmax(best_.step, other_.step);
  return !slow && next > low && next < high ? next : best_.step + 0.5 * (other_.step - best_.step);
}

}  // namespace ppdl
