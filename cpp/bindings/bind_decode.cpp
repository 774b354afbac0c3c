#include "bind.hpp"

#include <ppdl/decode/phone_decoder.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace ppdl::bindings {
namespace {

Vector<Index> array(const std::vector<Index>& indices) {
  return Eigen::Map<const Vector<Index>>(indices.data(), static_cast<Index>(indices.size()));
}

}  // namespace

template <class Scalar>
void bind_decode(py::module_& m) {
  using Decoder = PhoneDecoder<Scalar>;
  py::class_<Decoder>(m, "PhoneDecoder", "The best path through left-to-right phones under a bigram.")
      .def(py::init([](Vector<double> initial, Matrix<double> bigram, Vector<double> final, Vector<double> stay,
                       Vector<double> advance, double beam) {
             return Decoder({.initial = std::move(initial),
                             .bigram = std::move(bigram),
                             .final = std::move(final),
                             .stay = std::move(stay),
                             .advance = std::move(advance)},
                            beam);
           }),
           "initial"_a.noconvert(), "bigram"_a.noconvert(), "final"_a.noconvert(), "stay"_a.noconvert(),
           "advance"_a.noconvert(), py::kw_only(), "beam"_a = Decoder::kAll,
           "Log probabilities in float64: of phones (n_phones), bigram[from, to], and of states (n_phones * n_states).")
      .def_property_readonly("n_phones", &Decoder::n_phones)
      .def_property_readonly("n_states", &Decoder::n_states, "Of a phone.")
      .def(
          "decode",
          [](const Decoder& decoder, const ConstMatrixRef<Scalar>& scores) {
            const PhonePath path = decoder.decode(scores);
            return std::tuple(array(path.phones), array(path.begins), path.score);
          },
          "scores"_a.noconvert(), computes(),
          "From log scores (n_frames, n_phones * n_states): the phones (k), where they begin and the last one ends "
          "(k + 1), and the score of their path.");
}

template void bind_decode<float>(py::module_&);
template void bind_decode<double>(py::module_&);

}  // namespace ppdl::bindings
