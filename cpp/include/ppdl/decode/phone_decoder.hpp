/// @file
/// Viterbi decoding of phones under a bigram: the best path through left-to-right phones of a few states each.
#pragma once

#include <ppdl/base/types.hpp>

#include <cstdint>
#include <limits>
#include <vector>

namespace ppdl {

/// Log probabilities, -∞ allowed, of the steps of a path; scaled as the caller likes, so that they need not add up to 1.
///
/// A path begins in the first state of a phone and ends out of the last state of one. With each frame it stays in its state,
/// goes on to the next state of its phone or, from the last, out of it into the first state of any phone: the same one
/// again, too, which isn't staying. With one state a phone, stay = -∞ and advance = 0 it is a chain of one phone a frame.
struct PhoneModel {
  Vector<double> initial;  ///< (n_phones)
  Matrix<double> bigram;   ///< (n_phones, n_phones), from a phone, a row, to the next
  Vector<double> final;    ///< (n_phones)
  Vector<double> stay;     ///< (n_phones · n_states), the states of a phone side by side
  Vector<double> advance;  ///< (n_phones · n_states): to the next state; of the last, out of the phone

  [[nodiscard]] Index n_phones() const { return initial.size(); }
  [[nodiscard]] Index n_states() const { return stay.size() / n_phones(); }  ///< of a phone

  /// @throws std::invalid_argument if shapes disagree, or a number is NaN or +∞
  void validate() const;
};

/// What was decoded: phone k takes the frames begins[k] … begins[k + 1] - 1.
struct PhonePath {
  std::vector<Index> phones;
  std::vector<Index> begins;  ///< one more than phones: the last is the number of frames
  double score = 0.0;         ///< of the frames and of all steps, the last one out of the last phone included
};

/// Immutable. Finds the path of the highest score, a sum in double.
///
/// Of paths with equal scores it is the one of the lowest index, read from its end: the lowest last phone, then, frame by
/// frame backwards, staying in a state before coming into it, and coming from the lowest phone.
///
/// A state passes on when its phone was entered, so that a frame leaves 12 bytes a phone behind, however many states that
/// has: the score of leaving the phone there, from which the phone before is found again, and the phone's first frame.
template <class Scalar>
class PhoneDecoder {
 public:
  static constexpr double kAll = std::numeric_limits<double>::infinity();

  /// @param beam  of each frame, states are dropped whose score is below the best one's by more than this
  /// @throws std::invalid_argument if the model is not valid, or the beam negative or NaN
  explicit PhoneDecoder(const PhoneModel& model, double beam = kAll);

  [[nodiscard]] Index n_phones() const { return initial_.size(); }
  [[nodiscard]] Index n_states() const { return stay_.rows(); }  ///< of a phone

  /// @param scores  (n_frames, n_phones · n_states)  log scores, -∞ allowed
  /// @throws std::invalid_argument if the shape disagrees, there is no frame, or one has a score that is NaN or +∞
  /// @throws NumericalError if no path has a finite score, or none is left within the beam
  [[nodiscard]] PhonePath decode(const ConstMatrixRef<Scalar>& scores) const;

 private:
  using Frames = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  /// The best paths at one frame: row 0 enters the phones, row s + 1 is in state s of each.
  struct Front {
    Matrix<double> score;
    Matrix<double> begin;  ///< frame at which the path's present phone begins
  };

  /// The best paths out of each phone, by the frame (a row) that is their last in it.
  struct Exits {
    Matrix<double> score;
    Frames begin;
  };

  void enter(const Eigen::Ref<const RowVector<double>>& exits, Front& front) const;
  void step(Front& front) const;
  void emit(const Scalar* scores, Front& front) const;
  [[nodiscard]] PhonePath trace(const Exits& exits) const;
  [[noreturn]] void throw_no_path(const ConstMatrixRef<Scalar>& scores) const;

  RowVector<double> initial_;
  Matrix<double> bigram_;
  RowVector<double> final_;
  Matrix<double> stay_;     ///< (n_states, n_phones)
  Matrix<double> advance_;  ///< (n_states + 1, n_phones), from the rows of a front; from row 0 it is 0
  double beam_;
};

}  // namespace ppdl
