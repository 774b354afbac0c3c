#include "blocked.hpp"

#include <ppdl/base/check.hpp>
#include <ppdl/optimize/lbfgs.hpp>
#include <ppdl/optimize/line_search.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>
#include <vector>

namespace ppdl {
namespace {

/// The last pairs s = x' − x, y = g' − g in circular storage, and the inverse Hessian that they stand for.
template <class Scalar>
class CurvaturePairs {
 public:
  CurvaturePairs(Index n, int memory, int n_threads)
      : pairs_(static_cast<std::size_t>(memory)), vectors_(n, n_threads) {
    for (Pair& pair : pairs_) {
      pair.s.resize(n);
      pair.y.resize(n);
    }
  }

  [[nodiscard]] bool empty() const { return count_ == 0; }
  void clear() { count_ = 0; }

  /// Takes the pair from x to x' and forgets the oldest one if need be. A pair whose y is orthogonal to s within
  /// rounding, or points against it, would spoil the inverse Hessian and is left out.
  void add(const Vector<Scalar>& x, const Vector<Scalar>& g, const Vector<Scalar>& x_new, const Vector<Scalar>& g_new) {
    Pair& pair = pairs_[next_];
    vectors_.add(x_new, -1.0, x, pair.s);
    vectors_.add(g_new, -1.0, g, pair.y);
    pair.sy = vectors_.dot(pair.s, pair.y);
    pair.yy = vectors_.dot(pair.y, pair.y);
    const double ss = vectors_.dot(pair.s, pair.s);
    if (!(pair.sy > std::numeric_limits<Scalar>::epsilon() * std::sqrt(ss) * std::sqrt(pair.yy))) return;
    next_ = (next_ + 1) % pairs_.size();
    count_ = std::min(count_ + 1, pairs_.size());
  }

  /// d ← −H g by the two-loop recursion (Nocedal 1980); H = (sᵀy / yᵀy) I of the newest pair, updated by all.
  void direction(const Vector<Scalar>& g, Vector<Scalar>& d) {
    vectors_.scale(-1.0, g, d);
    if (empty()) return;
    for (std::size_t age = 0; age < count_; ++age) {
      Pair& pair = by_age(age);
      pair.alpha = vectors_.dot(pair.s, d) / pair.sy;
      vectors_.add(d, -pair.alpha, pair.y, d);
    }
    vectors_.scale(by_age(0).sy / by_age(0).yy, d, d);
    for (std::size_t age = count_; age-- > 0;) {
      const Pair& pair = by_age(age);
      const double beta = vectors_.dot(pair.y, d) / pair.sy;
      vectors_.add(d, pair.alpha - beta, pair.s, d);
    }
  }

 private:
  struct Pair {
    Vector<Scalar> s, y;
    double sy = 0.0, yy = 0.0, alpha = 0.0;
  };

  /// The pair taken `age` pairs before the newest.
  Pair& by_age(std::size_t age) { return pairs_[(next_ + pairs_.size() - 1 - age) % pairs_.size()]; }

  std::vector<Pair> pairs_;
  std::size_t next_ = 0;   // where the next pair goes
  std::size_t count_ = 0;  // pairs in use
  BlockedVectors<Scalar> vectors_;
};

/// A point at which f has been evaluated.
template <class Scalar>
struct Point {
  Vector<Scalar> x, gradient;
  double value = std::numeric_limits<double>::infinity();
  double gradient_norm = std::numeric_limits<double>::infinity();

  [[nodiscard]] bool finite() const { return std::isfinite(value) && std::isfinite(gradient_norm); }
};

/// One run of `minimize_lbfgs`.
template <class Scalar>
class Minimization {
 public:
  Minimization(const Objective<Scalar>& objective, Vector<Scalar> x0, const LbfgsOptions& options,
               const LbfgsCallback<Scalar>& callback)
      : objective_(objective),
        callback_(callback),
        options_(options),
        vectors_(x0.size(), options.n_threads),
        pairs_(x0.size(), options.memory, options.n_threads),
        direction_(x0.size()) {
    for (Point<Scalar>& point : points_) {
      point.x.resize(x0.size());
      point.gradient.resize(x0.size());
    }
    points_[0].x = std::move(x0);
  }
  Minimization(const Minimization&) = delete;  // it points into itself
  Minimization& operator=(const Minimization&) = delete;

  LbfgsResult<Scalar> run() {
    evaluate(*current_);
    if (!current_->finite()) return finish(LbfgsStatus::not_finite);
    if (current_->gradient_norm <= options_.gradient_tolerance) return finish(LbfgsStatus::converged_gradient);
    while (n_iterations_ < options_.max_iterations) {
      const double value = current_->value;
      const auto [end, step, accepted] = search();
      if (!accepted && n_evaluations_ == options_.max_evaluations) return finish(LbfgsStatus::max_evaluations);
      if (end == current_) {
        if (pairs_.empty()) return finish(LbfgsStatus::line_search_failed);
        pairs_.clear();
        continue;
      }
      pairs_.add(current_->x, current_->gradient, end->x, end->gradient);
      current_ = best_;
      ++n_iterations_;
      const bool stop = callback_ && callback_({n_iterations_, n_evaluations_, current_->value, current_->gradient_norm,
                                                step, current_->x});
      if (current_->gradient_norm <= options_.gradient_tolerance) return finish(LbfgsStatus::converged_gradient);
      const double scale = std::max({std::abs(value), std::abs(current_->value), 1.0});
      if (value - current_->value <= options_.value_tolerance * scale) return finish(LbfgsStatus::converged_value);
      if (stop) return finish(LbfgsStatus::stopped_by_callback);
      if (n_evaluations_ == options_.max_evaluations) return finish(LbfgsStatus::max_evaluations);
    }
    return finish(LbfgsStatus::max_iterations);
  }

 private:
  /// Where a line search ended: at an accepted point, else at the lowest one, which is the current one if none is lower.
  struct SearchEnd {
    const Point<Scalar>* point;
    double step;
    bool accepted;
  };

  void evaluate(Point<Scalar>& point) {
    point.value = objective_(point.x, point.gradient);
    check_size("size of the gradient", point.gradient.size(), point.x.size(), "the size of x");
    point.gradient_norm = vectors_.max_abs(point.gradient);
    ++n_evaluations_;
  }

  /// Searches along −Hg from the current point and keeps the lowest point seen in `best_`.
  SearchEnd search() {
    pairs_.direction(current_->gradient, direction_);
    double slope = vectors_.dot(direction_, current_->gradient);
    if (!(slope < 0.0) && !pairs_.empty()) {  // rounding has spoilt H
      pairs_.clear();
      pairs_.direction(current_->gradient, direction_);
      slope = vectors_.dot(direction_, current_->gradient);
    }
    const double first_step = pairs_.empty() ? std::min(1.0, 1.0 / std::sqrt(-slope)) : 1.0;
    WolfeSearch wolfe(current_->value, slope, first_step,
                      {.sufficient_decrease = options_.sufficient_decrease,
                       .curvature = options_.curvature,
                       .max_trials = options_.max_trials,
                       .value_error = std::numeric_limits<Scalar>::epsilon() * std::abs(current_->value)});
    double best_step = 0.0;
    while (wolfe.searching() && n_evaluations_ < options_.max_evaluations) {
      const double step = wolfe.step();
      Point<Scalar>* trial = spare();
      vectors_.add(current_->x, step, direction_, trial->x);
      evaluate(*trial);
      if (trial->finite() && trial->value < best_->value) {
        best_ = trial;
        best_step = step;
      }
      // A gradient that is not finite makes its norm a slope that is not finite either, whatever the direction.
      wolfe.report(trial->value, trial->finite() ? vectors_.dot(direction_, trial->gradient) : trial->gradient_norm);
      if (wolfe.found()) return {trial, step, true};
    }
    return {best_, best_step, false};
  }

  /// One of the three points that is neither the current nor the best one.
  Point<Scalar>* spare() {
    return &*std::ranges::find_if(points_, [&](const auto& point) { return &point != current_ && &point != best_; });
  }

  LbfgsResult<Scalar> finish(LbfgsStatus status) {
    return {std::move(best_->x),
            std::move(best_->gradient),
            best_->value,
            best_->gradient_norm,
            n_iterations_,
            n_evaluations_,
            status,
            message(status)};
  }

  [[nodiscard]] std::string message(LbfgsStatus status) const {
    std::ostringstream text;
    switch (status) {
      case LbfgsStatus::converged_gradient:
        text << "converged: the largest entry of the gradient, " << best_->gradient_norm
             << ", is within gradient_tolerance = " << options_.gradient_tolerance;
        break;
      case LbfgsStatus::converged_value:
        text << "converged: the last relative decrease of the value is within value_tolerance = "
             << options_.value_tolerance;
        break;
      case LbfgsStatus::max_iterations:
        text << "stopped after max_iterations = " << options_.max_iterations
             << "; the largest entry of the gradient is " << best_->gradient_norm;
        break;
      case LbfgsStatus::max_evaluations:
        text << "stopped after max_evaluations = " << options_.max_evaluations
             << "; the largest entry of the gradient is " << best_->gradient_norm;
        break;
      case LbfgsStatus::line_search_failed:
        text << "no lower value along the negative gradient, whose largest entry is " << best_->gradient_norm
             << ": the limit of rounding, or the gradient is not that of the value";
        break;
      case LbfgsStatus::stopped_by_callback:
        text << "stopped by the callback after " << n_iterations_ << " iterations";
        break;
      case LbfgsStatus::not_finite:
        text << "the value or the gradient at x0 is not finite (value " << best_->value << ")";
        break;
    }
    return text.str();
  }

  Objective<Scalar> objective_;
  LbfgsCallback<Scalar> callback_;
  LbfgsOptions options_;
  BlockedVectors<Scalar> vectors_;
  CurvaturePairs<Scalar> pairs_;
  Vector<Scalar> direction_;
  std::array<Point<Scalar>, 3> points_;
  Point<Scalar>* current_ = &points_[0];  // the iterate
  Point<Scalar>* best_ = &points_[0];     // the lowest point evaluated
  Index n_iterations_ = 0;
  Index n_evaluations_ = 0;
};

}  // namespace

void LbfgsOptions::validate() const {
  check(memory > 0, "memory must be positive (received ", memory, ")");
  check(max_iterations >= 0, "max_iterations must be >= 0 (received ", max_iterations, ")");
  check(max_evaluations > 0, "max_evaluations must be positive (received ", max_evaluations, ")");
  check(gradient_tolerance >= 0.0, "gradient_tolerance must be >= 0 (received ", gradient_tolerance, ")");
  check(value_tolerance >= 0.0, "value_tolerance must be >= 0 (received ", value_tolerance, ")");
  check(sufficient_decrease > 0.0 && sufficient_decrease < curvature && curvature < 1.0,
        "0 < sufficient_decrease < curvature < 1 must hold (received sufficient_decrease=", sufficient_decrease,
        ", curvature=", curvature, ")");
  check(max_trials > 0, "max_trials must be positive (received ", max_trials, ")");
}

std::string_view to_string(LbfgsStatus status) {
  switch (status) {
    case LbfgsStatus::converged_gradient:
      return "converged_gradient";
    case LbfgsStatus::converged_value:
      return "converged_value";
    case LbfgsStatus::max_iterations:
      return "max_iterations";
    case LbfgsStatus::max_evaluations:
      return "max_evaluations";
    case LbfgsStatus::line_search_failed:
      return "line_search_failed";
    case LbfgsStatus::stopped_by_callback:
      return "stopped_by_callback";
    case LbfgsStatus::not_finite:
      return "not_finite";
  }
  return "";
}

template <class Scalar>
LbfgsResult<Scalar> minimize_lbfgs(const Objective<Scalar>& objective, Vector<Scalar> x0, const LbfgsOptions& options,
                                   const LbfgsCallback<Scalar>& callback) {
  options.validate();
  return Minimization<Scalar>(objective, std::move(x0), options, callback).run();
}

template LbfgsResult<float> minimize_lbfgs<float>(const Objective<float>&, Vector<float>, const LbfgsOptions&,
                                                  const LbfgsCallback<float>&);
template LbfgsResult<double> minimize_lbfgs<double>(const Objective<double>&, Vector<double>, const LbfgsOptions&,
                                                    const LbfgsCallback<double>&);

}  // namespace ppdl
