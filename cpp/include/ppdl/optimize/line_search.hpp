/// @file
/// A step length that satisfies the strong Wolfe conditions (Moré and Thuente 1994). Scalars only: it never sees x.
#pragma once

namespace ppdl {

/// A point of the function of one variable φ(α) = f(x + αd).
struct LinePoint {
  double step = 0.0;   ///< α
  double value = 0.0;  ///< φ(α)
  double slope = 0.0;  ///< φ'(α)
};

/// Options of `WolfeSearch`.
struct WolfeOptions {
  double sufficient_decrease = 1e-4;  ///< c₁ in φ(α) ≤ φ(0) + c₁ α φ'(0); 0 < c₁ < c₂
  double curvature = 0.9;             ///< c₂ in |φ'(α)| ≤ c₂ |φ'(0)|; c₁ < c₂ < 1
  int max_trials = 20;                ///< trials before the search gives up; > 0
  double value_error = 0.0;           ///< ε, rounding error of φ; >= 0
};

/// Searches for α > 0 with φ(α) ≤ φ(0) + c₁ α φ'(0) and |φ'(α)| ≤ c₂ |φ'(0)|. Close to a minimum rounding hides the
/// decrease that the first condition asks for, so φ(α) ≤ φ(0) + ε does as well (after Hager and Zhang 2005).
///
/// The caller evaluates φ at `step()` and reports what it found:
///
///     WolfeSearch search(phi_0, slope_0, 1.0);
///     while (search.searching()) search.report(phi(search.step()), slope(search.step()));
///     if (search.found()) ...  // search.step() satisfies both conditions
///
/// A value or slope that is not finite counts as a step too long.
class WolfeSearch {
 public:
  /// @param value         φ(0)
  /// @param slope         φ'(0) < 0
  /// @param initial_step  the first trial, > 0
  WolfeSearch(double value, double slope, double initial_step, const WolfeOptions& options = {});

  [[nodiscard]] bool searching() const { return state_ == State::searching; }
  [[nodiscard]] bool found() const { return state_ == State::found; }

  /// The trial to evaluate while `searching()`, the accepted step once `found()`.
  [[nodiscard]] double step() const { return step_; }

  /// Takes φ and φ' at `step()` and chooses the next trial, or ends the search.
  void report(double value, double slope);

 private:
  enum class State { searching, found, failed };

  /// φ, or while `tilted_` ψ(α) = φ(α) − φ(0) − c₁ α φ'(0), whose minimum satisfies the first condition.
  [[nodiscard]] LinePoint seen(const LinePoint& point) const;
  /// Chooses a much shorter step after a trial that is not finite.
  void back_off();
  /// Narrows or extends the interval by a trial and chooses the next.
  void refine(const LinePoint& trial);
  /// `next`, or the middle of the bracket if `next` is outside it or the last trials narrowed it too little.
  [[nodiscard]] double inside_bracket(double next);

  WolfeOptions options_;
  LinePoint start_;        // α = 0
  LinePoint best_;         // the lowest point so far, as far as `seen` tells
  LinePoint other_;        // the other end of the bracket, once there is one
  double step_;            // the present trial
  double longest_;         // no trial beyond this one
  double width_;           // of the bracket,
  double previous_width_;  // and one trial before
  bool bracketed_ = false;
  bool tilted_ = true;  // until some trial has ψ(α) ≤ 0 and φ'(α) ≥ 0
  int trials_ = 0;
  State state_ = State::searching;
};

}  // namespace ppdl
