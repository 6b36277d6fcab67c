/*
 * Segments a stream of slices with a TensorRT engine that is loaded once: frames in, masks out, and how long each step took.
 *
 * The way from a frame to a mask is that of seg itself, number by number: normalization, padding to a square, area averages,
 * the network, probabilities, linear resampling, the decision. Sums run in the same order and in the same precision, so that
 * equal logits give equal masks. For that the compiler must not join products and sums: -ffp-contract=off.
 *
 * C++17 as g++ 7.5 has it (JetPack 4.6). TensorRT 8.0 and newer, CUDA 10.2 and newer, nothing else:
 *   g++ -std=c++17 -O2 -ffp-contract=off runner.cpp -o runner -lnvinfer -lcudart
 */
#include <NvInfer.h>
#include <cuda_runtime_api.h>
#ifdef SEG_PLUGINS  // InstanceNormalization is a plugin before TensorRT 10.
#include <NvInferPlugin.h>
#endif
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;
using std::size_t;
using std::string;

/** One sentence for the user: what was found, what to do. */
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/** A word of the command line that cannot be meant. */
struct UsageFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// ---------------------------------------------------------------------------------------------------------------- numbers

/**
 * e^x by the method of fdlibm (e_exp.c, Sun Microsystems 1993), which V8 computes Math.exp with: x = k ln 2 + r, and
 * e^r = 1 + r + r c / (2 - c) with a polynomial c of r². The C library's own differs in the last bit.
 */
double exponential(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.782712893383973096) return std::numeric_limits<double>::infinity();
  if (x < -745.133219101941108420) return 0;
  const double ln2High = 6.93147180369123816490e-01;
  const double ln2Low = 1.90821492927058770002e-10;
  double high = x;
  double low = 0;
  int k = 0;
  // The bounds are those of the method: the upper 32 bits of |x| against the ones of 0.5 ln 2, 1.5 ln 2 and 2^-28.
  std::uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  const auto magnitude = static_cast<std::uint32_t>(bits >> 32) & 0x7fffffffU;
  if (magnitude < 0x3e300000U) return 1 + x;
  if (magnitude > 0x3fd62e42U) {
    if (magnitude < 0x3ff0a2b2U) {
      if (x == 1) return 2.718281828459045;
      k = x < 0 ? -1 : 1;
    } else {
      k = static_cast<int>(1.44269504088896338700 * x + (x < 0 ? -0.5 : 0.5));
    }
    high = x - k * ln2High;
    low = k * ln2Low;
  }
  const double r = high - low;
  const double t = r * r;
  const double c = r - t * (1.66666666666666019037e-01 +
                            t * (-2.77777777770155933842e-03 +
                                 t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  if (k == 0) return 1 - ((r * c) / (c - 2) - r);
  const double scaled = 1 - ((low - (r * c) / (2 - c)) - high);
  if (k < -1021 || k > 1023) return std::ldexp(scaled, k);
  const std::uint64_t power = static_cast<std::uint64_t>(k + 1023) << 52;
  double factor = 0;
  std::memcpy(&factor, &power, sizeof factor);
  return scaled * factor;
}

/** Whether products and sums are rounded one by one, as JavaScript does it. */
bool roundsEveryStep() {
  const volatile double factor = 1 + std::ldexp(1.0, -27);
  const volatile double product = 1 + std::ldexp(1.0, -26);
  return factor * factor - product == 0;
}

/** Percentile of ascending values with linear interpolation between order statistics, as numpy's default. */
double percentileOfSorted(const std::vector<double>& sorted, double percentile) {
  const double rank = static_cast<double>(sorted.size() - 1) * percentile / 100;
  const double lower = sorted[static_cast<size_t>(std::floor(rank))];
  const double upper = sorted[static_cast<size_t>(std::ceil(rank))];
  return lower + (upper - lower) * (rank - std::floor(rank));
}

// --------------------------------------------------------------------------------------------------------------- settings

enum class Scale { none, range, zScore };
enum class Plane { axial, coronal, sagittal };
enum class Activation { none, sigmoid, softmax };

/** What the model file says of its use; written by seg as lines of a key and its values. */
struct Settings {
  string input;
  int channels = 0;
  int inputSize = 0;
  Scale scale = Scale::none;
  double low = 0;   // of range
  double high = 1;
  double lowerPercentile = 0;  // of zScore
  double upperPercentile = 100;
  bool nonZero = false;
  string output;
  int classes = 0;
  int outputSize = 0;
  Activation activation = Activation::sigmoid;
  double threshold = 0.5;
  std::vector<int> labels;
  bool overlapping = false;     // of the labels that reach the threshold the last one is written
  std::vector<double> weights;  // of the labels; empty: 1
  Plane plane = Plane::axial;

  /** Channel 0 is the background, and the largest weighted probability wins. */
  bool backgroundFirst() const { return classes > static_cast<int>(labels.size()); }
};

template <typename Value>
Value oneOf(const string& word, const std::vector<std::pair<string, Value>>& known, const string& where) {
  for (const auto& entry : known) {
    if (entry.first == word) return entry.second;
  }
  string names;
  for (const auto& entry : known) names += (names.empty() ? "" : ", ") + entry.first;
  throw Failure(where + " has the word " + word + ", expected one of " + names + "; export the kit again");
}

Settings readSettings(const string& path) {
  std::ifstream file(path);
  if (!file) throw Failure("Cannot read " + path + ": " + std::strerror(errno) + "; give the settings of the kit by --settings");
  Settings settings;
  bool known = false;
  string line;
  while (std::getline(file, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::istringstream words(line);
    string key;
    if (!(words >> key) || key[0] == '#') continue;
    const string where = path + ": the line " + key;
    if (key == "seg-runner") {
      int version = 0;
      known = static_cast<bool>(words >> version) && version == 1;
      continue;
    }
    string word;
    if (key == "input") {
      words >> settings.input >> settings.channels >> settings.inputSize;
    } else if (key == "normalization") {
      words >> word;
      settings.scale = oneOf<Scale>(word, {{"none", Scale::none}, {"range", Scale::range}, {"zscore", Scale::zScore}}, where);
      if (settings.scale == Scale::range) words >> settings.low >> settings.high;
      if (settings.scale == Scale::zScore) {
        words >> settings.lowerPercentile >> settings.upperPercentile >> word;
        settings.nonZero = oneOf<bool>(word, {{"nonzero", true}, {"all", false}}, where);
      }
    } else if (key == "output") {
      words >> settings.output >> settings.classes >> settings.outputSize >> word;
      settings.activation = oneOf<Activation>(
          word, {{"none", Activation::none}, {"sigmoid", Activation::sigmoid}, {"softmax", Activation::softmax}}, where);
    } else if (key == "threshold") {
      words >> settings.threshold;
    } else if (key == "labels") {
      for (int label = 0; words >> label;) settings.labels.push_back(label);
      if (words.eof()) words.clear();
    } else if (key == "weights") {
      for (double weight = 0; words >> weight;) settings.weights.push_back(weight);
      if (words.eof()) words.clear();
    } else if (key == "overlapping") {
      settings.overlapping = true;
    } else if (key == "plane") {
      words >> word;
      settings.plane =
          oneOf<Plane>(word, {{"axial", Plane::axial}, {"coronal", Plane::coronal}, {"sagittal", Plane::sagittal}}, where);
    } else {
      throw Failure(where + " is unknown; take the runner of the same kit");
    }
    if (!words) throw Failure(where + " is incomplete; export the kit again");
  }
  const size_t labels = settings.labels.size();
  const bool classesFit =
      settings.classes == static_cast<int>(labels) || settings.classes == static_cast<int>(labels) + 1;
  const bool sizesFit = settings.channels >= 1 && settings.channels <= 64 && settings.inputSize >= 1 &&
                        settings.inputSize <= 8192 && settings.outputSize >= 1 && settings.outputSize <= 8192;
  const bool labelsFit = labels > 0 && std::all_of(settings.labels.begin(), settings.labels.end(),
                                                   [](int label) { return label >= 1 && label <= 65535; });
  const bool weightsFit = settings.weights.empty() || settings.weights.size() == labels;
  if (!known || !sizesFit || !labelsFit || !classesFit || !weightsFit) {
    throw Failure(path + " is not the settings of a kit of this version; export the kit again");
  }
  return settings;
}

// ----------------------------------------------------------------------------------------------------------------- frames

/** How the samples of a frame were stored. */
enum class Sample { uint8, int16, uint16, float32 };

/** One slice with its channels [channels, rows, columns], row 0 at the top; every sample type fits into a float. */
struct Frame {
  int channels = 0;
  int rows = 0;
  int columns = 0;
  Sample sample = Sample::uint8;
  std::vector<float> values;
  string name;

  size_t pixels() const { return static_cast<size_t>(rows) * static_cast<size_t>(columns); }
};

/** More pixels than this are refused before memory is taken, as by seg. */
const std::uint64_t largestPixels = std::uint64_t{1} << 26;

/** Bytes from a file or standard input, with the name for messages. */
class Source {
 public:
  explicit Source(const string& path) : name_(path == "-" ? "standard input" : path) {
    file_ = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (file_ == nullptr) throw Failure("Cannot read " + path + ": " + std::strerror(errno));
  }
  ~Source() {
    if (file_ != stdin) std::fclose(file_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const string& name() const { return name_; }

  /** The next byte, which stays to be read; -1 at the end. */
  int peek() {
    const int byte = std::getc(file_);
    if (byte != EOF) std::ungetc(byte, file_);
    return byte == EOF ? -1 : byte;
  }

  int byte() {
    const int byte = std::getc(file_);
    if (byte == EOF) early();
    return byte;
  }

  void read(std::uint8_t* target, size_t count) {
    if (std::fread(target, 1, count, file_) != count) early();
  }

  /** Reads `count` bytes in steps, so that a wrong length in a file takes no more memory than the file has bytes. */
  void append(Bytes& target, size_t count) {
    while (count > 0) {
      const size_t step = std::min(count, size_t{1} << 20);
      target.resize(target.size() + step);
      read(target.data() + target.size() - step, step);
      count -= step;
    }
  }

  [[noreturn]] void refuse(const string& found, const string& remedy) const {
    throw Failure("Cannot read " + name_ + ": " + found + "; " + remedy);
  }

 private:
  [[noreturn]] void early() const { refuse("the data end inside a frame", "copy the file again, or look at what sends it"); }

  std::FILE* file_ = nullptr;
  string name_;
};

/** DEFLATE (RFC 1951) inside a zlib stream (RFC 1950), of a length that is known beforehand. */
class Inflater {
 public:
  Inflater(const Bytes& packed, Bytes& target) : packed_(packed), target_(target) {}

  /** False where the data are damaged, or longer or shorter than the target. */
  bool run() {
    if (packed_.size() < 6 || (packed_[0] & 15) != 8 || (packed_[0] * 256 + packed_[1]) % 31 != 0 || (packed_[1] & 32) != 0) {
      return false;
    }
    at_ = 2;
    for (bool last = false; !last;) {
      last = bits(1) == 1;
      const unsigned kind = bits(2);
      if (kind == 0) stored();
      else if (kind == 1) fixed();
      else if (kind == 2) dynamic();
      else failed_ = true;
      if (failed_) return false;
    }
    return used_ == target_.size() && adler() == checksum();
  }

 private:
  /** A canonical Huffman code: how many codes there are of each length, and the symbols in their order. */
  struct Code {
    std::array<std::uint16_t, 16> counts{};
    std::array<std::uint16_t, 288> symbols{};
  };

  unsigned bits(int count) {
    while (held_ < count) {
      if (at_ >= packed_.size()) {
        failed_ = true;
        return 0;
      }
      buffer_ |= static_cast<std::uint32_t>(packed_[at_++]) << held_;
      held_ += 8;
    }
    const unsigned value = buffer_ & ((1U << count) - 1);
    buffer_ >>= count;
    held_ -= count;
    return value;
  }

  /** False where the lengths claim more codes than there are; a code that is not full is fine where its holes stay unused. */
  static bool build(Code& code, const std::uint8_t* lengths, int count) {
    code.counts.fill(0);
    for (int i = 0; i < count; i++) code.counts[lengths[i]]++;
    code.counts[0] = 0;
    int left = 1;
    std::array<int, 16> next{};
    for (int length = 1, sum = 0; length < 16; length++) {
      left = 2 * left - code.counts[static_cast<size_t>(length)];
      if (left < 0) return false;
      next[static_cast<size_t>(length)] = sum;
      sum += code.counts[static_cast<size_t>(length)];
    }
    for (int i = 0; i < count; i++) {
      if (lengths[i] != 0) code.symbols[static_cast<size_t>(next[lengths[i]]++)] = static_cast<std::uint16_t>(i);
    }
    return true;
  }

  int symbol(const Code& code) {
    int value = 0;
    int first = 0;
    int index = 0;
    for (size_t length = 1; length < 16; length++) {
      value |= static_cast<int>(bits(1));
      if (failed_) return -1;
      const int count = code.counts[length];
      if (value - first < count) return code.symbols[static_cast<size_t>(index + value - first)];
      index += count;
      first = 2 * (first + count);
      value *= 2;
    }
    failed_ = true;
    return -1;
  }

  void stored() {
    buffer_ = 0;
    held_ = 0;
    const unsigned length = bits(16);
    if ((length ^ bits(16)) != 0xffff || failed_ || length > packed_.size() - at_ || length > target_.size() - used_) {
      failed_ = true;
      return;
    }
    std::copy_n(packed_.begin() + static_cast<std::ptrdiff_t>(at_), length, target_.begin() + static_cast<std::ptrdiff_t>(used_));
    at_ += length;
    used_ += length;
  }

  void fixed() {
    std::array<std::uint8_t, 288> lengths{};
    for (size_t i = 0; i < lengths.size(); i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    std::array<std::uint8_t, 30> five{};
    five.fill(5);
    Code literals;
    Code distances;
    build(literals, lengths.data(), 288);
    build(distances, five.data(), 30);
    block(literals, distances);
  }

  void dynamic() {
    const int literalCount = static_cast<int>(bits(5)) + 257;
    const int distanceCount = static_cast<int>(bits(5)) + 1;
    const int lengthCount = static_cast<int>(bits(4)) + 4;
    static const std::array<std::uint8_t, 19> order = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    std::array<std::uint8_t, 320> lengths{};
    for (int i = 0; i < lengthCount; i++) lengths[order[static_cast<size_t>(i)]] = static_cast<std::uint8_t>(bits(3));
    Code code;
    if (failed_ || literalCount > 286 || distanceCount > 30 || !build(code, lengths.data(), 19)) {
      failed_ = true;
      return;
    }
    lengths.fill(0);
    for (int i = 0; i < literalCount + distanceCount;) {
      const int value = symbol(code);
      if (failed_) return;
      if (value < 16) {
        lengths[static_cast<size_t>(i++)] = static_cast<std::uint8_t>(value);
        continue;
      }
      const int repeats = value == 16 ? 3 + static_cast<int>(bits(2)) : value == 17 ? 3 + static_cast<int>(bits(3)) : 11 + static_cast<int>(bits(7));
      if (failed_ || (value == 16 && i == 0) || i + repeats > literalCount + distanceCount) {
        failed_ = true;
        return;
      }
      const std::uint8_t length = value == 16 ? lengths[static_cast<size_t>(i - 1)] : std::uint8_t{0};
      for (int k = 0; k < repeats; k++) lengths[static_cast<size_t>(i++)] = length;
    }
    Code literals;
    Code distances;
    if (!build(literals, lengths.data(), literalCount) || !build(distances, lengths.data() + literalCount, distanceCount)) {
      failed_ = true;
      return;
    }
    block(literals, distances);
  }

  void block(const Code& literals, const Code& distances) {
    static const std::array<std::uint16_t, 29> lengthBases = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                                              31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const std::array<std::uint8_t, 29> lengthBits = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    static const std::array<std::uint16_t, 30> distanceBases = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                                                193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
    for (;;) {
      const int value = symbol(literals);
      if (failed_ || value == 256) return;
      if (value < 256) {
        if (used_ == target_.size()) {
          failed_ = true;
          return;
        }
        target_[used_++] = static_cast<std::uint8_t>(value);
        continue;
      }
      const size_t row = static_cast<size_t>(value - 257);
      if (row >= lengthBases.size()) {
        failed_ = true;
        return;
      }
      const size_t length = lengthBases[row] + bits(lengthBits[row]);
      const int column = symbol(distances);
      if (column < 0) return;
      const size_t distance = distanceBases[static_cast<size_t>(column)] + bits(column < 2 ? 0 : column / 2 - 1);
      if (failed_ || distance > used_ || length > target_.size() - used_) {
        failed_ = true;
        return;
      }
      for (size_t i = 0; i < length; i++, used_++) target_[used_] = target_[used_ - distance];
    }
  }

  std::uint32_t checksum() {
    if (packed_.size() - at_ < 4) return ~adler();
    std::uint32_t value = 0;
    for (int i = 0; i < 4; i++) value = value << 8 | packed_[at_ + static_cast<size_t>(i)];
    return value;
  }

  std::uint32_t adler() const {
    std::uint32_t low = 1;
    std::uint32_t high = 0;
    for (const std::uint8_t byte : target_) {
      low = (low + byte) % 65521;
      high = (high + low) % 65521;
    }
    return high << 16 | low;
  }

  const Bytes& packed_;
  Bytes& target_;
  size_t at_ = 0;
  size_t used_ = 0;
  std::uint32_t buffer_ = 0;
  int held_ = 0;
  bool failed_ = false;
};

/** The checksum of PNG chunks (PNG specification, annex D). */
std::uint32_t crc32(const std::uint8_t* data, size_t count) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < 256; i++) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; bit++) value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
      made[i] = value;
    }
    return made;
  }();
  std::uint32_t sum = 0xffffffffU;
  for (size_t i = 0; i < count; i++) sum = table[(sum ^ data[i]) & 255] ^ (sum >> 8);
  return ~sum;
}

std::uint32_t bigEndian(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(at[0]) << 24 | static_cast<std::uint32_t>(at[1]) << 16 |
         static_cast<std::uint32_t>(at[2]) << 8 | at[3];
}

struct PngHeader {
  std::uint32_t columns = 0;
  std::uint32_t rows = 0;
  int depth = 0;
  int colourType = 0;
  int samples = 0;
};

PngHeader readPngHeader(const Source& source, const Bytes& chunk) {
  PngHeader header;
  if (chunk.size() != 13) source.refuse("the header is not 13 bytes long", "copy the file again");
  header.columns = bigEndian(chunk.data());
  header.rows = bigEndian(chunk.data() + 4);
  header.depth = chunk[8];
  header.colourType = chunk[9];
  const int depth = header.depth;
  const bool whole = depth == 8 || depth == 16;
  const bool parts = depth == 1 || depth == 2 || depth == 4;
  bool valid = false;
  switch (header.colourType) {
    case 0: header.samples = 1; valid = whole || parts; break;
    case 2: header.samples = 3; valid = whole; break;
    case 3: header.samples = 1; valid = parts || depth == 8; break;
    case 4: header.samples = 2; valid = whole; break;
    case 6: header.samples = 4; valid = whole; break;
    default: break;
  }
  if (!valid || chunk[10] != 0 || chunk[11] != 0) source.refuse("its header is damaged", "copy the file again");
  if (chunk[12] != 0) source.refuse("the image is interlaced", "save it without interlacing");
  const std::uint64_t pixels = static_cast<std::uint64_t>(header.columns) * header.rows;
  if (pixels == 0 || pixels > largestPixels) {
    source.refuse("the header declares " + std::to_string(header.columns) + " x " + std::to_string(header.rows) + " pixels",
                  "frames of 1 to " + std::to_string(largestPixels) + " pixels are read");
  }
  return header;
}

/** Undoes the filters of the rows (PNG specification, section 9); false where a filter is unknown. */
bool unfilter(Bytes& raw, size_t rowBytes, size_t pixelBytes) {
  const size_t stride = rowBytes + 1;
  for (size_t start = 0; start < raw.size(); start += stride) {
    std::uint8_t* row = raw.data() + start + 1;
    const std::uint8_t* above = start == 0 ? nullptr : row - stride;
    const int filter = row[-1];
    if (filter > 4) return false;
    for (size_t i = 0; i < rowBytes; i++) {
      const int left = i < pixelBytes ? 0 : row[i - pixelBytes];
      const int up = above == nullptr ? 0 : above[i];
      const int corner = above == nullptr || i < pixelBytes ? 0 : above[i - pixelBytes];
      int predicted = 0;
      if (filter == 1) predicted = left;
      if (filter == 2) predicted = up;
      if (filter == 3) predicted = (left + up) / 2;
      if (filter == 4) {
        const int toLeft = std::abs(up - corner);
        const int toUp = std::abs(left - corner);
        const int toCorner = std::abs(left + up - 2 * corner);
        predicted = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
      }
      row[i] = static_cast<std::uint8_t>(row[i] + predicted);
    }
  }
  return true;
}

/** A PNG image: grey, colours or palette as stored, alpha dropped, as seg reads it. */
Frame readPng(Source& source) {
  std::array<std::uint8_t, 8> signature{};
  source.read(signature.data(), signature.size());
  const std::array<std::uint8_t, 8> expected = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a};
  if (signature != expected) source.refuse("this is neither PNG nor PGM", "give raw frames by --raw ROWSxCOLUMNS");
  PngHeader header;
  Bytes palette;
  Bytes packed;
  for (string type; type != "IEND";) {
    std::array<std::uint8_t, 8> start{};
    source.read(start.data(), start.size());
    const string next(reinterpret_cast<const char*>(start.data()) + 4, 4);
    if (type.empty() != (next == "IHDR")) source.refuse("its chunks are in disorder", "copy the file again");
    type = next;
    Bytes chunk(start.begin() + 4, start.end());
    source.append(chunk, bigEndian(start.data()));
    std::array<std::uint8_t, 4> sum{};
    source.read(sum.data(), sum.size());
    const bool wanted = type == "IHDR" || type == "PLTE" || type == "IDAT" || type == "IEND";
    if (wanted && crc32(chunk.data(), chunk.size()) != bigEndian(sum.data())) {
      source.refuse("the checksum of chunk " + type + " is wrong", "copy the file again");
    }
    chunk.erase(chunk.begin(), chunk.begin() + 4);
    if (type == "IHDR") header = readPngHeader(source, chunk);
    if (type == "PLTE") palette = chunk;
    if (type == "IDAT") packed.insert(packed.end(), chunk.begin(), chunk.end());
  }
  const size_t columns = header.columns;
  const auto samples = static_cast<size_t>(header.samples);
  const auto depth = static_cast<size_t>(header.depth);
  const size_t rowBytes = (columns * samples * depth + 7) / 8;
  Bytes raw((rowBytes + 1) * header.rows);
  if (!Inflater(packed, raw).run() || !unfilter(raw, rowBytes, std::max<size_t>(1, samples * depth / 8))) {
    source.refuse("the compressed pixels are damaged", "copy the file again");
  }
  Frame frame;
  frame.rows = static_cast<int>(header.rows);
  frame.columns = static_cast<int>(header.columns);
  frame.sample = depth == 16 ? Sample::uint16 : Sample::uint8;
  bool grey = true;
  for (size_t i = 0; i + 2 < palette.size(); i += 3) grey = grey && palette[i] == palette[i + 1] && palette[i] == palette[i + 2];
  const bool indexed = header.colourType == 3;
  frame.channels = indexed ? (grey ? 1 : 3) : samples < 3 ? 1 : 3;
  const size_t pixels = frame.pixels();
  frame.values.resize(pixels * static_cast<size_t>(frame.channels));
  for (size_t row = 0; row < header.rows; row++) {
    const std::uint8_t* line = raw.data() + row * (rowBytes + 1) + 1;
    for (size_t column = 0; column < columns; column++) {
      const size_t pixel = row * columns + column;
      for (size_t channel = 0; channel < static_cast<size_t>(frame.channels); channel++) {
        unsigned value = 0;
        if (depth < 8) {
          const size_t bit = column * depth;
          value = (static_cast<unsigned>(line[bit / 8]) >> (8 - depth - bit % 8)) & ((1U << depth) - 1);
        } else {
          const size_t at = column * samples + (indexed ? 0 : channel);
          value = depth == 8 ? line[at] : static_cast<unsigned>(line[2 * at]) << 8 | line[2 * at + 1];
        }
        if (indexed) value = 3 * value + channel < palette.size() ? palette[3 * value + channel] : 0;
        frame.values[channel * pixels + pixel] = static_cast<float>(value);
      }
    }
  }
  return frame;
}

/** A number of a PGM header: blanks and comments before it are passed over, one blank behind it is taken. */
std::uint64_t readPgmNumber(Source& source) {
  int byte = source.byte();
  for (; byte == '#' || std::strchr(" \t\r\n", byte) != nullptr; byte = source.byte()) {
    if (byte == '#') {
      while (source.byte() != '\n') {}
    }
  }
  std::uint64_t value = 0;
  for (; byte >= '0' && byte <= '9'; byte = source.byte()) {
    value = value * 10 + static_cast<std::uint64_t>(byte - '0');
    if (value > largestPixels) source.refuse("its header has a number beyond all frames", "copy the file again");
  }
  if (byte == 0 || std::strchr(" \t\r\n", byte) == nullptr) source.refuse("its PGM header is damaged", "copy the file again");
  return value;
}

/** A binary PGM (P5, grey) or PPM (P6, three channels) of 8 or 16 bits, values as stored. */
Frame readPgm(Source& source) {
  source.byte();
  const int kind = source.byte();
  if (kind != '5' && kind != '6') source.refuse("this is a PNM file of another kind than P5 and P6", "save it as binary PGM");
  const std::uint64_t columns = readPgmNumber(source);
  const std::uint64_t rows = readPgmNumber(source);
  const std::uint64_t largest = readPgmNumber(source);
  if (columns * rows == 0 || columns * rows > largestPixels || largest == 0 || largest > 65535) {
    source.refuse("its header declares " + std::to_string(columns) + " x " + std::to_string(rows) + " pixels up to " + std::to_string(largest),
                  "frames of 1 to " + std::to_string(largestPixels) + " pixels up to 65535 are read");
  }
  Frame frame;
  frame.rows = static_cast<int>(rows);
  frame.columns = static_cast<int>(columns);
  frame.channels = kind == '5' ? 1 : 3;
  const size_t width = largest > 255 ? 2 : 1;
  frame.sample = width == 2 ? Sample::uint16 : Sample::uint8;
  const size_t pixels = frame.pixels();
  const auto channels = static_cast<size_t>(frame.channels);
  Bytes bytes;
  source.append(bytes, pixels * channels * width);
  frame.values.resize(pixels * channels);
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    for (size_t channel = 0; channel < channels; channel++) {
      const std::uint8_t* at = bytes.data() + (pixel * channels + channel) * width;
      frame.values[channel * pixels + pixel] = static_cast<float>(width == 1 ? at[0] : at[0] * 256 + at[1]);
    }
  }
  return frame;
}

/** Size and type of frames that are nothing but samples: [channels, rows, columns], little-endian. */
struct RawFormat {
  int rows = 0;  // 0: the frames are images
  int columns = 0;
  Sample sample = Sample::float32;
};

Frame readRaw(Source& source, const RawFormat& format, int channels) {
  Frame frame;
  frame.rows = format.rows;
  frame.columns = format.columns;
  frame.channels = channels;
  frame.sample = format.sample;
  const size_t width = format.sample == Sample::uint8 ? 1 : format.sample == Sample::float32 ? 4 : 2;
  const size_t count = frame.pixels() * static_cast<size_t>(channels);
  Bytes bytes;
  source.append(bytes, count * width);
  frame.values.resize(count);
  for (size_t i = 0; i < count; i++) {
    const std::uint8_t* at = bytes.data() + i * width;
    const unsigned pair = width == 1 ? at[0] : static_cast<unsigned>(at[0]) | static_cast<unsigned>(at[1]) << 8;
    if (format.sample == Sample::float32) std::memcpy(&frame.values[i], at, 4);
    else if (format.sample == Sample::int16) frame.values[i] = static_cast<float>(static_cast<std::int16_t>(pair));
    else frame.values[i] = static_cast<float>(pair);
  }
  return frame;
}

/** The frames of a folder, a file or standard input, one after the other. */
class FrameReader {
 public:
  FrameReader(const string& input, const RawFormat& format, int channels) : format_(format), channels_(channels) {
    struct stat found {};
    if (input != "-" && stat(input.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) listFolder(input);
    else files_.push_back(input);
    rewind();
  }

  /** False at the end. */
  bool next(Frame& frame) {
    while (source_ == nullptr || source_->peek() < 0) {
      if (source_ != nullptr && inFile_ == 0) source_->refuse("it holds no frame", "give a file with frames");
      if (at_ == files_.size()) return false;
      open();
    }
    frame = readOne();
    frame.name = nameOf(files_[at_ - 1], inFile_++);
    // The channels of one slice may lie in files of their own: slice_0000.png, slice_0001.png.
    for (int channel = 1; channels_ > 1 && frame.channels == channel; channel++) appendChannel(frame, channel);
    if (frame.channels != channels_) {
      source_->refuse("the frame has " + std::to_string(frame.channels) + " channels",
                      "the model reads " + std::to_string(channels_) + "; give the channels of a slice as NAME_0000.png, NAME_0001.png or as raw frames");
    }
    const auto bad = std::find_if(frame.values.begin(), frame.values.end(), [](float value) { return !std::isfinite(value); });
    if (bad != frame.values.end()) source_->refuse("a value is NaN or infinite", "replace such values before");
    return true;
  }

  /** Starts again from the first frame; standard input cannot. */
  void rewind() {
    at_ = 0;
    source_.reset();
  }

 private:
  void listFolder(const string& folder) {
    DIR* listing = opendir(folder.c_str());
    if (listing == nullptr) throw Failure("Cannot read " + folder + ": " + std::strerror(errno));
    const std::vector<string> endings = format_.rows > 0 ? std::vector<string>{".raw", ".bin"}
                                                         : std::vector<string>{".png", ".pgm", ".ppm"};
    while (const dirent* entry = readdir(listing)) {
      const string name = entry->d_name;
      const bool wanted = std::any_of(endings.begin(), endings.end(), [&name](const string& ending) {
        return name[0] != '.' && name.size() > 4 && name.compare(name.size() - 4, 4, ending) == 0;
      });
      if (wanted) files_.push_back(folder + "/" + name);
    }
    closedir(listing);
    std::sort(files_.begin(), files_.end());
    if (files_.empty()) throw Failure(folder + " holds no frames: expected files ending in " + endings[0] + " or " + endings[1]);
  }

  void open() {
    source_.reset();
    source_ = std::make_unique<Source>(files_[at_++]);
    inFile_ = 0;
  }

  Frame readOne() {
    if (format_.rows > 0) return readRaw(*source_, format_, channels_);
    return source_->peek() == 'P' ? readPgm(*source_) : readPng(*source_);
  }

  void appendChannel(Frame& frame, int channel) {
    const string suffix = "_000" + std::to_string(channel - 1);
    const size_t at = frame.name.size() - std::min(frame.name.size(), suffix.size());
    const string stem = frame.name.substr(0, channel == 1 ? at : frame.name.size());
    if (channel > 9 || (channel == 1 && frame.name.substr(at) != suffix) || at_ == files_.size()) return;
    const string wanted = stem + "_000" + std::to_string(channel);
    if (nameOf(files_[at_], 0) != wanted) return;
    open();
    const Frame more = readOne();
    inFile_ = 1;
    if (more.rows != frame.rows || more.columns != frame.columns || more.channels != 1 || more.sample != frame.sample) {
      source_->refuse("its size or type differs from the channel before", "give all channels of a slice on one grid");
    }
    frame.values.insert(frame.values.end(), more.values.begin(), more.values.end());
    frame.channels++;
    frame.name = stem;
  }

  /** The name of the file without folder and ending; with a number behind it where a file holds several frames. */
  static string nameOf(const string& path, int position) {
    string name = path == "-" ? "frame" : path.substr(path.rfind('/') == string::npos ? 0 : path.rfind('/') + 1);
    if (name.rfind('.') != string::npos && name.rfind('.') > 0) name.resize(name.rfind('.'));
    std::array<char, 16> number{};
    std::snprintf(number.data(), number.size(), "_%06d", position);
    return path == "-" || position > 0 ? name + number.data() : name;
  }

  RawFormat format_;
  int channels_;
  std::vector<string> files_;
  size_t at_ = 0;
  int inFile_ = 0;
  std::unique_ptr<Source> source_;
};

// ------------------------------------------------------------------------------------------------- from frames to squares

/** Percentiles that were asked for, mean and deviation of the clipped values; no values: nothing is scaled. */
struct Statistics {
  double low = 0;
  double high = 0;
  double mean = 0;
  double deviation = 0;
  bool constant = true;
};

/** Frames that are normalized together, as seg does it with the slices of a volume; in the order of its voxels (RAS+). */
class Group {
 public:
  Group(const std::vector<Frame>& frames, Plane plane) : frames_(frames), plane_(plane) {}

  /** Calls `take` with all values of a channel in the order in which seg goes over a volume; sums depend on it. */
  template <typename Take>
  void each(int channel, Take take) const {
    const Frame& first = frames_.front();
    const size_t offset = static_cast<size_t>(channel) * first.pixels();
    const size_t depth = frames_.size();
    // All in-plane indices of a RAS+ grid run backwards on the screen.
    const auto at = [&](size_t slice, int row, int column) {
      const size_t pixel = static_cast<size_t>(first.rows - 1 - row) * static_cast<size_t>(first.columns) + static_cast<size_t>(first.columns - 1 - column);
      take(frames_[slice].values[offset + pixel]);
    };
    if (plane_ == Plane::axial) {
      for (size_t slice = 0; slice < depth; slice++) {
        for (int row = 0; row < first.rows; row++) {
          for (int column = 0; column < first.columns; column++) at(slice, row, column);
        }
      }
      return;
    }
    for (int row = 0; row < first.rows; row++) {
      if (plane_ == Plane::coronal) {
        for (size_t slice = 0; slice < depth; slice++) {
          for (int column = 0; column < first.columns; column++) at(slice, row, column);
        }
      } else {
        for (int column = 0; column < first.columns; column++) {
          for (size_t slice = 0; slice < depth; slice++) at(slice, row, column);
        }
      }
    }
  }

  Statistics statistics(int channel, const Settings& settings) const {
    return frames_.front().sample == Sample::float32 ? ofFloats(channel, settings) : ofWholeNumbers(channel, settings);
  }

 private:
  Statistics ofFloats(int channel, const Settings& settings) const {
    std::vector<float> values;
    values.reserve(frames_.size() * frames_.front().pixels());
    each(channel, [&](float value) {
      if (!settings.nonZero || value != 0) values.push_back(value);
    });
    if (values.empty()) return {};
    std::vector<float> ordered = values;
    const auto statistic = [&](double rank) {
      const auto place = ordered.begin() + static_cast<std::ptrdiff_t>(rank);
      std::nth_element(ordered.begin(), place, ordered.end());
      return static_cast<double>(*place);
    };
    const double last = static_cast<double>(values.size() - 1);
    const auto percentile = [&](double wanted) {
      const double rank = last * wanted / 100;
      const double lower = statistic(std::floor(rank));
      return lower + (statistic(std::ceil(rank)) - lower) * (rank - std::floor(rank));
    };
    Statistics found;
    found.low = percentile(settings.lowerPercentile);
    found.high = percentile(settings.upperPercentile);
    return moments(found, [&](auto add) {
      for (const float value : values) add(static_cast<double>(value), 1.0);
    });
  }

  /** Of 8 and 16 bits: every value once, with how often it occurs, in ascending order. */
  Statistics ofWholeNumbers(int channel, const Settings& settings) const {
    const Sample sample = frames_.front().sample;
    const int smallest = sample == Sample::int16 ? -32768 : 0;
    std::vector<double> counts(sample == Sample::uint8 ? 256 : 65536, 0.0);
    each(channel, [&](float value) { counts[static_cast<size_t>(static_cast<int>(value) - smallest)]++; });
    if (settings.nonZero) counts[static_cast<size_t>(-smallest)] = 0;
    double total = 0;
    for (const double count : counts) total += count;
    if (total == 0) return {};
    const auto statistic = [&](double rank) {
      double before = 0;
      size_t i = 0;
      while (rank >= before + counts[i]) before += counts[i++];
      return static_cast<double>(static_cast<int>(i) + smallest);
    };
    const auto percentile = [&](double wanted) {
      const double rank = (total - 1) * wanted / 100;
      const double lower = statistic(std::floor(rank));
      return lower + (statistic(std::ceil(rank)) - lower) * (rank - std::floor(rank));
    };
    Statistics found;
    found.low = percentile(settings.lowerPercentile);
    found.high = percentile(settings.upperPercentile);
    return moments(found, [&](auto add) {
      for (size_t i = 0; i < counts.size(); i++) {
        if (counts[i] > 0) add(static_cast<double>(static_cast<int>(i) + smallest), counts[i]);
      }
    });
  }

  template <typename Each>
  static Statistics moments(Statistics found, Each each) {
    const auto clip = [&](double value) { return value < found.low ? found.low : value > found.high ? found.high : value; };
    double sum = 0;
    double count = 0;
    each([&](double value, double weight) {
      sum += weight * clip(value);
      count += weight;
    });
    found.mean = sum / count;
    sum = 0;
    each([&](double value, double weight) {
      const double difference = clip(value) - found.mean;
      sum += weight * (difference * difference);
    });
    found.deviation = std::sqrt(sum / count);
    // Rounding of the mean leaves a deviation of this order in a constant image.
    found.constant = !(found.deviation > 1e-12 * std::max(std::fabs(found.low), std::fabs(found.high)));
    return found;
  }

  const std::vector<Frame>& frames_;
  Plane plane_;
};

/** Normalizes frames together and returns the smallest value: what lies beyond the edges of a slice. */
double normalize(std::vector<Frame>& frames, const Settings& settings) {
  const int channels = frames.front().channels;
  std::vector<Statistics> statistics;
  if (settings.scale == Scale::zScore) {
    const Group group(frames, settings.plane);
    for (int channel = 0; channel < channels; channel++) statistics.push_back(group.statistics(channel, settings));
  }
  double smallest = std::numeric_limits<double>::infinity();
  for (Frame& frame : frames) {
    const size_t pixels = frame.pixels();
    for (size_t channel = 0; channel < static_cast<size_t>(channels); channel++) {
      float* values = frame.values.data() + channel * pixels;
      for (size_t i = 0; i < pixels; i++) {
        const double value = values[i];
        if (settings.scale == Scale::range) values[i] = static_cast<float>((value - settings.low) / (settings.high - settings.low));
        if (settings.scale == Scale::zScore) {
          const Statistics& found = statistics[channel];
          if (found.constant || (settings.nonZero && value == 0)) {
            values[i] = 0;
          } else {
            const double clipped = value < found.low ? found.low : value > found.high ? found.high : value;
            values[i] = static_cast<float>((clipped - found.mean) / found.deviation);
          }
        }
        smallest = std::min(smallest, static_cast<double>(values[i]));
      }
    }
  }
  return smallest;
}

/** One axis of a slice inside its square: indices count voxels of the RAS+ grid, which run backwards on the screen. */
class Axis {
 public:
  Axis(int count, double spacingMm, double sideMm, int size)
      : count_(count), size_(size), pixelsPerVoxel_(size * spacingMm / sideMm),
        before_(static_cast<int>(std::floor((sideMm / spacingMm - count) / 2 + 1e-6))) {}

  /** Which pixels every voxel overlaps, and with which share of a pixel's length. */
  struct Overlaps {
    std::vector<int> firstPixel;
    std::vector<size_t> ends;
    std::vector<double> weights;
  };

  Overlaps overlaps() const {
    Overlaps found;
    for (int voxel = 0; voxel < count_; voxel++) {
      const int screen = before_ + count_ - 1 - voxel;
      const double start = snap(screen * pixelsPerVoxel_);
      const double end = snap((screen + 1) * pixelsPerVoxel_);
      const int first = static_cast<int>(std::floor(start));
      found.firstPixel.push_back(first);
      for (int pixel = first; pixel < end && pixel < size_; pixel++) {
        found.weights.push_back(std::min(end, pixel + 1.0) - std::max(start, static_cast<double>(pixel)));
      }
      found.ends.push_back(found.weights.size());
    }
    return found;
  }

  /** For every voxel the pixel whose centre lies before its own, and the weight of the pixel after it. */
  struct Positions {
    std::vector<int> pixel;
    std::vector<double> weight;
  };

  Positions positions() const {
    Positions found;
    for (int voxel = 0; voxel < count_; voxel++) {
      const double centre = (before_ + count_ - 1 - voxel + 0.5) * pixelsPerVoxel_ - 0.5;
      const double place = std::min(std::max(centre, 0.0), size_ - 1.0);
      const int pixel = std::max(0, std::min(static_cast<int>(std::floor(place)), size_ - 2));
      found.pixel.push_back(pixel);
      found.weight.push_back(place - pixel);
    }
    return found;
  }

 private:
  /** An edge that rounding has put beside a whole pixel lies on it; halves are rounded up, as JavaScript does it. */
  static double snap(double edge) {
    const double whole = std::floor(edge + 0.5);
    return std::fabs(edge - whole) < 1e-9 * std::max(1.0, whole) ? whole : edge;
  }

  int count_;
  int size_;
  double pixelsPerVoxel_;
  int before_;
};

/** The way between slices of one size and the squares of the network. */
class Geometry {
 public:
  Geometry(int rows, int columns, const std::pair<double, double>& spacingMm, const Settings& settings)
      : rows_(rows), columns_(columns), settings_(settings) {
    const double sideMm = std::max(rows * spacingMm.first, columns * spacingMm.second);
    down_ = Axis(rows, spacingMm.first, sideMm, settings.inputSize).overlaps();
    across_ = Axis(columns, spacingMm.second, sideMm, settings.inputSize).overlaps();
    rowPlaces_ = Axis(rows, spacingMm.first, sideMm, settings.outputSize).positions();
    columnPlaces_ = Axis(columns, spacingMm.second, sideMm, settings.outputSize).positions();
  }

  bool fits(const Frame& frame) const { return frame.rows == rows_ && frame.columns == columns_; }

  /** The network's input [channels, size, size]: the mean over the area of every pixel. */
  void toSquare(const Frame& frame, double padValue, float* square) const {
    const auto size = static_cast<size_t>(settings_.inputSize);
    const auto channels = static_cast<size_t>(frame.channels);
    std::fill_n(square, channels * size * size, static_cast<float>(padValue));
    std::vector<double> line(size);
    for (size_t channel = 0; channel < channels; channel++, square += size * size) {
      const float* values = frame.values.data() + channel * frame.pixels();
      for (int row = 0; row < rows_; row++) {
        std::fill(line.begin(), line.end(), 0.0);
        const float* source = values + static_cast<size_t>(rows_ - row) * static_cast<size_t>(columns_);
        size_t w = 0;
        for (size_t column = 0; column < static_cast<size_t>(columns_); column++) {
          const double value = static_cast<double>(*--source) - padValue;
          auto pixel = static_cast<size_t>(across_.firstPixel[column]);
          for (; w < across_.ends[column]; w++, pixel++) line[pixel] += across_.weights[w] * value;
        }
        const auto index = static_cast<size_t>(row);
        float* target = square + static_cast<size_t>(down_.firstPixel[index]) * size;
        for (size_t v = row == 0 ? 0 : down_.ends[index - 1]; v < down_.ends[index]; v++, target += size) {
          const double weight = down_.weights[v];
          for (size_t pixel = 0; pixel < size; pixel++) target[pixel] = static_cast<float>(target[pixel] + weight * line[pixel]);
        }
      }
    }
  }

  /** The label of every pixel of the slice, row 0 at the top, from the logits [classes, size, size]. */
  std::vector<std::uint16_t> toMask(const float* logits, const string& name) {
    probabilitiesOf(logits);
    double sum = 0;
    for (const float value : probabilities_) sum += value;
    if (std::isnan(sum)) {
      throw Failure("The network gives NaN for " + name + "; its weights are damaged, or half precision overflows (export with --no-fp16)");
    }
    const size_t pixels = static_cast<size_t>(rows_) * static_cast<size_t>(columns_);
    std::vector<std::uint16_t> mask(pixels, 0);
    if (!hasForeground()) return mask;
    resample();
    const auto classes = static_cast<size_t>(settings_.classes);
    for (size_t pixel = 0; pixel < pixels; pixel++) {
      size_t best = 0;
      double most = slice_[pixel];
      for (size_t k = 1; k < classes; k++) {
        const double value = slice_[pixel + k * pixels] * factor(k);
        if (settings_.overlapping ? value >= settings_.threshold : value > most) {
          best = k;
          most = value;
        }
      }
      if (!settings_.backgroundFirst()) {
        if (!(most >= settings_.threshold)) continue;
        best++;
      }
      // The first voxel of the RAS+ grid is the last of the screen.
      if (best > 0) mask[pixels - 1 - pixel] = static_cast<std::uint16_t>(settings_.labels[best - 1]);
    }
    return mask;
  }

 private:
  double factor(size_t channel) const {
    return settings_.backgroundFirst() && !settings_.weights.empty() && channel > 0 ? settings_.weights[channel - 1] : 1;
  }

  void probabilitiesOf(const float* logits) {
    const size_t pixels = static_cast<size_t>(settings_.outputSize) * static_cast<size_t>(settings_.outputSize);
    const auto classes = static_cast<size_t>(settings_.classes);
    probabilities_.resize(classes * pixels);
    if (settings_.activation != Activation::softmax) {
      const bool done = settings_.activation == Activation::none;
      for (size_t i = 0; i < classes * pixels; i++) {
        probabilities_[i] = done ? logits[i] : static_cast<float>(1 / (1 + exponential(-static_cast<double>(logits[i]))));
      }
      return;
    }
    std::vector<double> exponentials(classes);
    for (size_t pixel = 0; pixel < pixels; pixel++) {
      double largest = -std::numeric_limits<double>::infinity();
      for (size_t k = 0; k < classes; k++) largest = std::max(largest, static_cast<double>(logits[pixel + k * pixels]));
      double sum = 0;
      for (size_t k = 0; k < classes; k++) {
        exponentials[k] = exponential(static_cast<double>(logits[pixel + k * pixels]) - largest);
        sum += exponentials[k];
      }
      for (size_t k = 0; k < classes; k++) probabilities_[pixel + k * pixels] = static_cast<float>(exponentials[k] / sum);
    }
  }

  /** Where no pixel of the square is foreground, linear interpolation finds none either. */
  bool hasForeground() const {
    if (!settings_.backgroundFirst()) {
      return std::any_of(probabilities_.begin(), probabilities_.end(), [&](float value) { return value >= settings_.threshold; });
    }
    const auto classes = static_cast<size_t>(settings_.classes);
    const size_t pixels = probabilities_.size() / classes;
    for (size_t k = 1; k < classes; k++) {
      const double weight = factor(k);
      const float* values = probabilities_.data() + k * pixels;
      for (size_t pixel = 0; pixel < pixels; pixel++) {
        if (values[pixel] * weight > probabilities_[pixel]) return true;
      }
    }
    return false;
  }

  /** Probabilities on the grid of the slice by linear interpolation between the centres of the pixels. */
  void resample() {
    const auto size = static_cast<size_t>(settings_.outputSize);
    slice_.resize(static_cast<size_t>(settings_.classes) * static_cast<size_t>(rows_) * static_cast<size_t>(columns_));
    std::vector<double> line(size);
    size_t to = 0;
    for (size_t offset = 0; offset < probabilities_.size(); offset += size * size) {
      for (size_t row = 0; row < static_cast<size_t>(rows_); row++) {
        const float* upper = probabilities_.data() + offset + static_cast<size_t>(rowPlaces_.pixel[row]) * size;
        const float* lower = size == 1 ? upper : upper + size;
        const double weight = rowPlaces_.weight[row];
        for (size_t pixel = 0; pixel < size; pixel++) {
          const double value = upper[pixel];
          line[pixel] = value + weight * (lower[pixel] - value);
        }
        for (size_t column = 0; column < static_cast<size_t>(columns_); column++) {
          const auto pixel = static_cast<size_t>(columnPlaces_.pixel[column]);
          const double value = line[pixel];
          const double next = size == 1 ? value : line[pixel + 1];
          slice_[to++] = static_cast<float>(value + columnPlaces_.weight[column] * (next - value));
        }
      }
    }
  }

  int rows_;
  int columns_;
  const Settings& settings_;
  Axis::Overlaps down_;
  Axis::Overlaps across_;
  Axis::Positions rowPlaces_;
  Axis::Positions columnPlaces_;
  std::vector<float> probabilities_;
  std::vector<float> slice_;
};

// ----------------------------------------------------------------------------------------------------------------- engine

void require(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw Failure(string("CUDA cannot ") + what + ": " + cudaGetErrorString(status) + "; close other programs, or restart the device");
}

/** Keeps what TensorRT says from warnings up, so that a failure can quote it. */
class Logger : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* message) noexcept override {
    if (severity > Severity::kWARNING) return;
    std::fprintf(stderr, "TensorRT: %s\n", message);
  }
};

/** Memory of a tensor: pinned on the host for fast copies, and on the device. */
class Buffer {
 public:
  explicit Buffer(size_t bytes) : bytes_(bytes) {
    require(cudaMallocHost(&host_, bytes), "take pinned memory");
    require(cudaMalloc(&device_, bytes), "take memory on the device");
  }
  ~Buffer() {
    cudaFree(device_);
    cudaFreeHost(host_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  float* host() const { return static_cast<float*>(host_); }
  void* device() const { return device_; }
  size_t bytes() const { return bytes_; }

 private:
  void* host_ = nullptr;
  void* device_ = nullptr;
  size_t bytes_;
};

/** Times of one run in ms, by events of the device. */
struct DeviceTimes {
  double copyIn = 0;
  double network = 0;
  double copyOut = 0;
};

/** An engine with its memory, ready to run; tensors are float32 of a fixed shape. */
class Engine {
 public:
  Engine(const string& path, const Settings& settings) {
#ifdef SEG_PLUGINS
    initLibNvInferPlugins(&logger_, "");
#endif
    std::ifstream file(path, std::ios::binary);
    if (!file) throw Failure("Cannot read " + path + ": " + std::strerror(errno) + "; build it first: sh run.sh build");
    const std::vector<char> blob{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    runtime_.reset(nvinfer1::createInferRuntime(logger_));
    if (runtime_ == nullptr) throw Failure("TensorRT does not start; the lines above say why");
    engine_.reset(runtime_->deserializeCudaEngine(blob.data(), blob.size()));
    if (engine_ == nullptr) {
      throw Failure("TensorRT refuses " + path + "; an engine runs on the TensorRT and the device that built it alone: sh run.sh build");
    }
    context_.reset(engine_->createExecutionContext());
    if (context_ == nullptr) throw Failure("TensorRT cannot prepare " + path + "; memory may be short: close other programs");
    require(cudaStreamCreate(&stream_), "start a stream");
    for (cudaEvent_t& event : events_) require(cudaEventCreate(&event), "make an event");
    bind(path, settings);
  }

  ~Engine() {
    if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
    for (cudaEvent_t event : events_) {
      if (event != nullptr) cudaEventDestroy(event);
    }
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /** Images per run. */
  int batch() const { return batch_; }
  /** Place of the input of image `index` of the batch. */
  float* input(int index) const { return input_->host() + input_->bytes() / sizeof(float) / static_cast<size_t>(batch_) * static_cast<size_t>(index); }
  const float* output(int index) const { return output_->host() + output_->bytes() / sizeof(float) / static_cast<size_t>(batch_) * static_cast<size_t>(index); }

  DeviceTimes run() {
    require(cudaEventRecord(events_[0], stream_), "record an event");
    require(cudaMemcpyAsync(input_->device(), input_->host(), input_->bytes(), cudaMemcpyHostToDevice, stream_), "copy the input");
    require(cudaEventRecord(events_[1], stream_), "record an event");
    if (graph_ != nullptr) require(cudaGraphLaunch(graph_, stream_), "start the graph");
    else enqueue();
    require(cudaEventRecord(events_[2], stream_), "record an event");
    require(cudaMemcpyAsync(output_->host(), output_->device(), output_->bytes(), cudaMemcpyDeviceToHost, stream_), "copy the output");
    require(cudaEventRecord(events_[3], stream_), "record an event");
    require(cudaStreamSynchronize(stream_), "finish the run");
    return {between(0), between(1), between(2)};
  }

  /** Captures the network as a CUDA graph, which starts with one call; after a first run. */
  void capture() {
    cudaGraph_t graph = nullptr;
    require(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "capture a graph");
    enqueue();
    require(cudaStreamEndCapture(stream_, &graph), "capture this network as a graph; leave --cuda-graph out");
#if CUDART_VERSION >= 12000
    require(cudaGraphInstantiate(&graph_, graph, 0), "prepare the graph; leave --cuda-graph out");
#else
    require(cudaGraphInstantiate(&graph_, graph, nullptr, nullptr, 0), "prepare the graph; leave --cuda-graph out");
#endif
    cudaGraphDestroy(graph);
  }

 private:
  struct Tensor {
    string name;
    bool isInput;
    bool isFloat;
    nvinfer1::Dims dimensions;
  };

// Bindings by number up to 8.4; tensors by name from 8.5 on, which deprecated the former.
#if NV_TENSORRT_MAJOR * 100 + NV_TENSORRT_MINOR >= 805
  std::vector<Tensor> tensors() const {
    std::vector<Tensor> found;
    for (int i = 0; i < engine_->getNbIOTensors(); i++) {
      const char* name = engine_->getIOTensorName(i);
      found.push_back({name, engine_->getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT,
                       engine_->getTensorDataType(name) == nvinfer1::DataType::kFLOAT, engine_->getTensorShape(name)});
    }
    return found;
  }

  void attach(const Tensor& tensor, void* memory) {
    if (!context_->setTensorAddress(tensor.name.c_str(), memory)) throw Failure("TensorRT refuses the memory of " + tensor.name);
  }

  void enqueue() {
    if (!context_->enqueueV3(stream_)) throw Failure("TensorRT cannot run the engine; the lines above say why");
  }
#else
  std::vector<Tensor> tensors() const {
    std::vector<Tensor> found;
    for (int i = 0; i < engine_->getNbBindings(); i++) {
      found.push_back({engine_->getBindingName(i), engine_->bindingIsInput(i),
                       engine_->getBindingDataType(i) == nvinfer1::DataType::kFLOAT, engine_->getBindingDimensions(i)});
    }
    return found;
  }

  void attach(const Tensor&, void* memory) { bindings_.push_back(memory); }

  void enqueue() {
    if (!context_->enqueueV2(bindings_.data(), stream_, nullptr)) throw Failure("TensorRT cannot run the engine; the lines above say why");
  }

  std::vector<void*> bindings_;
#endif

  /** Gives every tensor its memory; input and answer must be what the settings say. */
  void bind(const string& path, const Settings& settings) {
    const auto wrong = [&path](const Tensor& tensor) {
      string shape;
      for (int i = 0; i < tensor.dimensions.nbDims; i++) shape += (i == 0 ? "" : "x") + std::to_string(tensor.dimensions.d[i]);
      return Failure(path + " has the tensor " + tensor.name + " of " + shape + (tensor.isFloat ? "" : ", not float32") +
                     ", which the settings do not describe; build the engine of this kit: sh run.sh build");
    };
    for (const Tensor& tensor : tensors()) {
      std::uint64_t count = 1;
      for (int i = 0; i < tensor.dimensions.nbDims; i++) {
        if (tensor.dimensions.d[i] < 1) throw wrong(tensor);
        count *= static_cast<std::uint64_t>(tensor.dimensions.d[i]);
      }
      if (!tensor.isFloat || tensor.dimensions.nbDims < 1 || count > (std::uint64_t{1} << 31)) throw wrong(tensor);
      const bool isInput = tensor.isInput && tensor.name == settings.input;
      const bool isAnswer = !tensor.isInput && tensor.name == settings.output;
      if (isInput || isAnswer) {
        const auto& d = tensor.dimensions.d;
        const int channels = isInput ? settings.channels : settings.classes;
        const int size = isInput ? settings.inputSize : settings.outputSize;
        if (tensor.dimensions.nbDims != 4 || d[1] != channels || d[2] != size || d[3] != size) throw wrong(tensor);
        batch_ = static_cast<int>(d[0]);
      } else if (tensor.isInput) {
        throw wrong(tensor);
      }
      buffers_.push_back(std::make_unique<Buffer>(static_cast<size_t>(count) * sizeof(float)));
      if (isInput) input_ = buffers_.back().get();
      if (isAnswer) output_ = buffers_.back().get();
      attach(tensor, buffers_.back()->device());
    }
    if (input_ == nullptr || output_ == nullptr) {
      throw Failure(path + " has no input " + settings.input + " or no output " + settings.output + "; build the engine of this kit: sh run.sh build");
    }
    std::memset(input_->host(), 0, input_->bytes());
  }

  double between(size_t first) const {
    float milliseconds = 0;
    require(cudaEventElapsedTime(&milliseconds, events_[first], events_[first + 1]), "read the time of an event");
    return milliseconds;
  }

  Logger logger_;
  // Freed in the reverse order: memory, context, engine, runtime.
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  std::unique_ptr<nvinfer1::IExecutionContext> context_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  Buffer* input_ = nullptr;
  Buffer* output_ = nullptr;
  int batch_ = 1;
  cudaStream_t stream_ = nullptr;
  std::array<cudaEvent_t, 4> events_{};
  cudaGraphExec_t graph_ = nullptr;
};

// ------------------------------------------------------------------------------------------------------------------ masks

enum class Format { png, pgm, raw };

void putBigEndian(Bytes& target, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) target.push_back(static_cast<std::uint8_t>(value >> shift));
}

void putChunk(Bytes& target, const char* type, const Bytes& content) {
  putBigEndian(target, static_cast<std::uint32_t>(content.size()));
  const size_t start = target.size();
  target.insert(target.end(), type, type + 4);
  target.insert(target.end(), content.begin(), content.end());
  putBigEndian(target, crc32(target.data() + start, target.size() - start));
}

/** A zlib stream without compression: masks are small, and a frame has no time to lose. */
Bytes storeAsZlib(const Bytes& content) {
  Bytes packed = {0x78, 0x01};
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (size_t at = 0; at < content.size();) {
    const size_t length = std::min<size_t>(65535, content.size() - at);
    packed.push_back(at + length == content.size() ? 1 : 0);
    for (const size_t word : {length, length ^ 0xffff}) {
      packed.push_back(static_cast<std::uint8_t>(word & 255));
      packed.push_back(static_cast<std::uint8_t>(word >> 8));
    }
    for (const size_t end = at + length; at < end; at++) {
      packed.push_back(content[at]);
      low = (low + content[at]) % 65521;
      high = (high + low) % 65521;
    }
  }
  putBigEndian(packed, high << 16 | low);
  return packed;
}

/** The bytes of a mask file; 16 bits where a label is above 255. */
Bytes encodeMask(const std::vector<std::uint16_t>& mask, const Frame& frame, Format format, bool wide) {
  const auto columns = static_cast<size_t>(frame.columns);
  Bytes samples;
  for (size_t i = 0; i < mask.size(); i++) {
    if (format == Format::png && i % columns == 0) samples.push_back(0);
    if (wide) samples.push_back(static_cast<std::uint8_t>(format == Format::raw ? mask[i] & 255 : mask[i] >> 8));
    samples.push_back(static_cast<std::uint8_t>(wide && format == Format::raw ? mask[i] >> 8 : mask[i] & 255));
  }
  if (format == Format::raw) return samples;
  if (format == Format::pgm) {
    const string header = "P5\n" + std::to_string(frame.columns) + " " + std::to_string(frame.rows) + (wide ? "\n65535\n" : "\n255\n");
    samples.insert(samples.begin(), header.begin(), header.end());
    return samples;
  }
  Bytes png = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a};
  Bytes header;
  putBigEndian(header, static_cast<std::uint32_t>(frame.columns));
  putBigEndian(header, static_cast<std::uint32_t>(frame.rows));
  header.insert(header.end(), {static_cast<std::uint8_t>(wide ? 16 : 8), 0, 0, 0, 0});
  putChunk(png, "IHDR", header);
  putChunk(png, "IDAT", storeAsZlib(samples));
  putChunk(png, "IEND", {});
  return png;
}

/** Writes all bytes to standard output, or to a file that appears under its name once it is whole. */
void writeAll(const string& path, const Bytes& bytes) {
  const string temporary = path + ".part";
  std::FILE* file = path == "-" ? stdout : std::fopen(temporary.c_str(), "wb");
  bool written = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size() && std::fflush(file) == 0;
  if (file != nullptr && file != stdout) written = std::fclose(file) == 0 && written;
  if (written && (path == "-" || std::rename(temporary.c_str(), path.c_str()) == 0)) return;
  const string reason = std::strerror(errno);
  if (path != "-") std::remove(temporary.c_str());
  throw Failure("Cannot write " + (path == "-" ? "standard output" : path) + ": " + reason);
}

// ------------------------------------------------------------------------------------------------------------------ times

const std::array<const char*, 8> stages = {"read", "preparation", "copy in", "network", "copy out", "mask", "end to end", "write"};
enum Stage : size_t { read, preparation, copyIn, network, copyOut, maskStage, endToEnd, write };

double nowMs() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/** Times of every run by stage. */
class Times {
 public:
  void add(Stage stage, double milliseconds) { times_[stage].push_back(milliseconds); }

  /** A table for people, or lines of a key and numbers; stages that did not happen are left out. */
  void print(std::FILE* file, bool table) const {
    if (table) std::fprintf(file, "%-12s %9s %9s %9s %9s %9s %9s  ms\n", "", "mean", "min", "median", "90 %", "99 %", "max");
    for (size_t stage = 0; stage < stages.size(); stage++) {
      std::vector<double> sorted = times_[stage];
      if (sorted.empty()) continue;
      std::sort(sorted.begin(), sorted.end());
      double sum = 0;
      for (const double time : sorted) sum += time;
      string name = stages[stage];
      if (!table) std::replace(name.begin(), name.end(), ' ', '_');
      const double mean = sum / static_cast<double>(sorted.size());
      std::fprintf(file, table ? "%-12s %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f\n" : "%s_ms=%.6g %.6g %.6g %.6g %.6g %.6g\n", name.c_str(), mean,
                   sorted.front(), percentileOfSorted(sorted, 50), percentileOfSorted(sorted, 90), percentileOfSorted(sorted, 99), sorted.back());
    }
  }

 private:
  std::array<std::vector<double>, stages.size()> times_;
};

// ----------------------------------------------------------------------------------------------------------- command line

const char* const usage = R"(Usage: runner --input PATH [options]
Segments frames with a TensorRT engine that is loaded once, and says how long each step took.

  --input PATH         folder of frames, a file of one or several, or - for standard input
  --output PATH        folder for the masks, or - for standard output; without it nothing is written
  --format WORD        of the masks: png, pgm or raw (png; pgm on standard output)
  --raw ROWSxCOLUMNS   the frames are samples alone: channels, rows, columns; files end in .raw or .bin
  --type WORD          of raw samples, little-endian: uint8, int16, uint16 or float32 (float32)
  --spacing ROW,COLUMN distance of rows and of columns in mm (1,1)
  --group N            frames normalized together, as the slices of a volume (1)
  --repeat N           passes over the input, for timing (1)
  --warm-up N          runs before the first that counts (10)
  --cuda-graph         start the network as a CUDA graph
  --engine FILE        (model.engine)
  --settings FILE      what the model says of its use (runner.txt)
  --report FILE        write the times, too: key=mean min median 90% 99% max in ms

PNG (not interlaced), PGM and PPM frames are told by their first bytes.
)";

struct Options {
  string input;
  string output;
  string engine = "model.engine";
  string settings = "runner.txt";
  string report;
  string format;
  RawFormat raw;
  std::pair<double, double> spacingMm = {1, 1};
  int group = 1;
  int repeat = 1;
  int warmUp = 10;
  bool cudaGraph = false;
};

int wholeNumber(const string& option, const string& text, int least) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < least || value > 1000000) {
    throw UsageFailure(option + " takes a whole number from " + std::to_string(least) + ", found " + text);
  }
  return static_cast<int>(value);
}

std::pair<string, string> parted(const string& option, const string& text, char between) {
  const size_t at = text.find(between);
  if (at == string::npos) throw UsageFailure(option + " takes two numbers with " + between + " between them, found " + text);
  return {text.substr(0, at), text.substr(at + 1)};
}

double millimetres(const string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value > 0) || !std::isfinite(value)) {
    throw UsageFailure("--spacing takes lengths above 0, found " + text);
  }
  return value;
}

Options readOptions(int count, char** words) {
  Options options;
  string type;
  for (int i = 1; i < count; i++) {
    const string option = words[i];
    if (option == "--cuda-graph") {
      options.cudaGraph = true;
      continue;
    }
    if (i + 1 == count || option.compare(0, 2, "--") != 0) throw UsageFailure("unknown or incomplete: " + option);
    const string value = words[++i];
    if (option == "--input") options.input = value;
    else if (option == "--output") options.output = value;
    else if (option == "--engine") options.engine = value;
    else if (option == "--settings") options.settings = value;
    else if (option == "--report") options.report = value;
    else if (option == "--format") options.format = value;
    else if (option == "--type") type = value;
    else if (option == "--group") options.group = wholeNumber(option, value, 1);
    else if (option == "--repeat") options.repeat = wholeNumber(option, value, 1);
    else if (option == "--warm-up") options.warmUp = wholeNumber(option, value, 0);
    else if (option == "--raw") {
      const auto sides = parted(option, value, 'x');
      options.raw.rows = wholeNumber(option, sides.first, 1);
      options.raw.columns = wholeNumber(option, sides.second, 1);
      if (static_cast<std::uint64_t>(options.raw.rows) * static_cast<std::uint64_t>(options.raw.columns) > largestPixels) {
        throw UsageFailure("--raw takes frames of at most " + std::to_string(largestPixels) + " pixels, found " + value);
      }
    } else if (option == "--spacing") {
      const auto lengths = parted(option, value, ',');
      options.spacingMm = {millimetres(lengths.first), millimetres(lengths.second)};
    } else throw UsageFailure("unknown option " + option);
  }
  if (options.input.empty()) throw UsageFailure("--input is missing");
  if (options.input == "-" && options.repeat > 1) throw UsageFailure("--repeat does not suit standard input, which is read once");
  if (!type.empty()) {
    const std::map<string, Sample> types = {
        {"uint8", Sample::uint8}, {"int16", Sample::int16}, {"uint16", Sample::uint16}, {"float32", Sample::float32}};
    if (types.count(type) == 0 || options.raw.rows == 0) throw UsageFailure("--type takes uint8, int16, uint16 or float32, together with --raw");
    options.raw.sample = types.at(type);
  }
  if (options.format.empty()) options.format = options.output == "-" ? "pgm" : "png";
  if (options.format != "png" && options.format != "pgm" && options.format != "raw") {
    throw UsageFailure("--format takes png, pgm or raw, found " + options.format);
  }
  return options;
}

/** Frames through the engine, a group at a time. */
class Runner {
 public:
  explicit Runner(const Options& options)
      : options_(options), settings_(readSettings(options.settings)), reader_(options.input, options.raw, settings_.channels), engine_(options.engine, settings_) {
    if (!options.output.empty() && options.output != "-" && mkdir(options.output.c_str(), 0777) != 0 && errno != EEXIST) {
      throw Failure("Cannot make " + options.output + ": " + std::strerror(errno));
    }
  }

  void run() {
    for (int i = 0; i < options_.warmUp || (i == 0 && options_.cudaGraph); i++) engine_.run();
    if (options_.cudaGraph) engine_.capture();
    const double start = nowMs();
    for (int pass = 0; pass < options_.repeat; pass++) {
      if (pass > 0) reader_.rewind();
      while (readGroup()) segmentGroup();
    }
    if (frames_ == 0) throw Failure("No frame came from " + options_.input + "; look at what sends them");
    report((nowMs() - start) / 1000);
  }

 private:
  /** Reads up to --group frames of one size; false at the end. */
  bool readGroup() {
    group_.clear();
    while (group_.size() < static_cast<size_t>(options_.group)) {
      const double start = nowMs();
      Frame frame;
      if (!reader_.next(frame)) break;
      times_.add(Stage::read, nowMs() - start);
      const bool alike = group_.empty() || (frame.rows == group_.front().rows && frame.columns == group_.front().columns && frame.sample == group_.front().sample);
      if (!alike) throw Failure("The frame " + frame.name + " differs in size or type from those it is grouped with; give --group 1");
      group_.push_back(std::move(frame));
      if (group_.size() * group_.front().values.size() > (size_t{1} << 30)) throw Failure("The group of frames takes more than 4 GB; give a smaller --group");
    }
    return !group_.empty();
  }

  void segmentGroup() {
    double start = nowMs();
    if (geometry_ == nullptr || !geometry_->fits(group_.front())) {
      geometry_ = std::make_unique<Geometry>(group_.front().rows, group_.front().columns, options_.spacingMm, settings_);
    }
    const double padValue = normalize(group_, settings_);
    const auto batch = static_cast<size_t>(engine_.batch());
    // What a group shares is divided among its runs.
    const double shared = (nowMs() - start) / std::ceil(static_cast<double>(group_.size()) / static_cast<double>(batch));
    for (size_t first = 0; first < group_.size(); first += batch) {
      start = nowMs();
      const size_t last = std::min(first + batch, group_.size());
      for (size_t i = first; i < last; i++) geometry_->toSquare(group_[i], padValue, engine_.input(static_cast<int>(i - first)));
      const double prepared = nowMs();
      const DeviceTimes device = engine_.run();
      const double answered = nowMs();
      std::vector<std::vector<std::uint16_t>> masks;
      for (size_t i = first; i < last; i++) masks.push_back(geometry_->toMask(engine_.output(static_cast<int>(i - first)), group_[i].name));
      const double done = nowMs();
      times_.add(Stage::preparation, shared + prepared - start);
      times_.add(Stage::copyIn, device.copyIn);
      times_.add(Stage::network, device.network);
      times_.add(Stage::copyOut, device.copyOut);
      times_.add(Stage::maskStage, done - answered);
      times_.add(Stage::endToEnd, shared + done - start);
      frames_ += last - first;
      if (options_.output.empty()) continue;
      for (size_t i = first; i < last; i++) writeMask(group_[i], masks[i - first]);
      times_.add(Stage::write, nowMs() - done);
    }
  }

  void writeMask(const Frame& frame, const std::vector<std::uint16_t>& mask) const {
    const Format format = options_.format == "png" ? Format::png : options_.format == "pgm" ? Format::pgm : Format::raw;
    const bool wide = *std::max_element(settings_.labels.begin(), settings_.labels.end()) > 255;
    writeAll(options_.output == "-" ? "-" : options_.output + "/" + frame.name + "." + options_.format, encodeMask(mask, frame, format, wide));
  }

  void report(double seconds) const {
    // Masks on standard output must stay alone there.
    std::FILE* file = options_.output == "-" ? stderr : stdout;
    const double rate = static_cast<double>(frames_) / seconds;
    std::fprintf(file, "%zu frames in %.3g s, %.4g frames per second%s\n", frames_, seconds, rate, options_.cudaGraph ? ", with a CUDA graph" : "");
    if (engine_.batch() > 1) std::fprintf(file, "Times of runs of %d frames each:\n", engine_.batch());
    times_.print(file, true);
    if (options_.report.empty()) return;
    std::FILE* kept = std::fopen(options_.report.c_str(), "w");
    if (kept != nullptr) {
      std::fprintf(kept, "format=1\nframes=%zu\nframes_per_second=%.6g\nbatch=%d\ncuda_graph=%s\n", frames_, rate, engine_.batch(), options_.cudaGraph ? "yes" : "no");
      times_.print(kept, false);
    }
    if (kept == nullptr || std::ferror(kept) != 0 || std::fclose(kept) != 0) {
      throw Failure("Cannot write " + options_.report + ": " + std::strerror(errno));
    }
  }

  Options options_;
  Settings settings_;
  FrameReader reader_;
  Engine engine_;
  std::unique_ptr<Geometry> geometry_;
  std::vector<Frame> group_;
  Times times_;
  size_t frames_ = 0;
};

}  // namespace

int main(int count, char** words) {
  try {
    if (count == 2 && (string(words[1]) == "--help" || string(words[1]) == "-h")) {
      std::fputs(usage, stdout);
      return 0;
    }
    const Options options = readOptions(count, words);
    if (!roundsEveryStep()) throw Failure("This program joins products and sums, so that masks would differ; compile it with -ffp-contract=off and without -ffast-math");
    Runner(options).run();
    return 0;
  } catch (const UsageFailure& failure) {
    std::fprintf(stderr, "runner: %s\nTry runner --help\n", failure.what());
    return 2;
  } catch (const std::bad_alloc&) {
    std::fputs("runner: memory runs out; close other programs, or give a smaller --group\n", stderr);
    return 1;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "runner: %s\n", failure.what());
    return 1;
  }
}
