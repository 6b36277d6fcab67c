/*
 * Stand-in for libnvinfer and libcudart: an "engine" is a list of recorded runs of ONNX Runtime, written by engine_file.ts. An input
 * that was recorded, to the bit, gets the outputs of its run; any other gets NaN, and a line that says so. Times mean nothing.
 */
#include <NvInfer.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace {

struct Tensor {
  std::string name;
  bool isInput = false;
  nvinfer1::Dims dimensions{};
  std::size_t bytes = 4;
};

struct Recording {
  std::vector<Tensor> tensors;
  /** Per run the bytes of each tensor. */
  std::vector<std::vector<std::string>> runs;
};

class Reader {
 public:
  Reader(const void* blob, std::size_t bytes) : blob_(static_cast<const char*>(blob)), left_(bytes) {}
  std::string take(std::size_t bytes) {
    if (bytes > left_) {
      failed = true;
      return std::string(bytes, '\0');
    }
    std::string taken(blob_, bytes);
    blob_ += bytes;
    left_ -= bytes;
    return taken;
  }
  uint32_t number() {
    uint32_t value = 0;
    std::memcpy(&value, take(4).data(), 4);
    return failed ? 0 : value;
  }
  bool failed = false;

 private:
  const char* blob_;
  std::size_t left_;
};

bool read(const void* blob, std::size_t bytes, Recording& recording) {
  Reader reader(blob, bytes);
  if (reader.take(8) != "RECORDED") return false;
  recording.tensors.resize(reader.number());
  for (Tensor& tensor : recording.tensors) {
    tensor.name = reader.take(reader.number());
    tensor.isInput = reader.number() == 1;
    tensor.dimensions.nbDims = static_cast<int32_t>(reader.number());
    for (int i = 0; i < tensor.dimensions.nbDims; i++) {
      tensor.dimensions.d[i] = static_cast<int32_t>(reader.number());
      tensor.bytes *= static_cast<std::size_t>(tensor.dimensions.d[i]);
    }
  }
  recording.runs.resize(reader.number());
  for (auto& run : recording.runs) {
    for (const Tensor& tensor : recording.tensors) run.push_back(reader.take(tensor.bytes));
  }
  return !reader.failed;
}

/** What a stream captures, and then a graph starts. */
bool capturing = false;
std::function<bool()> captured;

class Context : public nvinfer1::IExecutionContext {
 public:
  Context(const Recording& recording, nvinfer1::ILogger& logger)
      : recording_(recording), logger_(logger), memory_(recording.tensors.size()) {}

#if NV_TENSORRT_MAJOR >= 10
  bool setTensorAddress(const char* name, void* memory) noexcept override {
    for (std::size_t i = 0; i < memory_.size(); i++) {
      if (recording_.tensors[i].name == name) memory_[i] = memory;
    }
    return true;
  }
  bool enqueueV3(cudaStream_t) noexcept override { return enqueue(); }
#else
  bool enqueueV2(void* const* bindings, cudaStream_t, cudaEvent_t*) noexcept override {
    memory_.assign(bindings, bindings + memory_.size());
    return enqueue();
  }
#endif

 private:
  bool enqueue() {
    if (!capturing) return answer();
    captured = [this] { return answer(); };
    return true;
  }

  bool answer() {
    for (void* memory : memory_) {
      if (memory == nullptr) return false;
    }
    const auto& tensors = recording_.tensors;
    for (const auto& run : recording_.runs) {
      bool same = true;
      for (std::size_t i = 0; i < tensors.size(); i++) {
        same = same && (!tensors[i].isInput || std::memcmp(memory_[i], run[i].data(), tensors[i].bytes) == 0);
      }
      if (!same) continue;
      for (std::size_t i = 0; i < tensors.size(); i++) {
        if (!tensors[i].isInput) std::memcpy(memory_[i], run[i].data(), tensors[i].bytes);
      }
      return true;
    }
    if (!isWarmUp()) logger_.log(nvinfer1::ILogger::Severity::kERROR, "stand-in: this input was not recorded");
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (std::size_t i = 0; i < tensors.size(); i++) {
      for (std::size_t at = 0; !tensors[i].isInput && at < tensors[i].bytes; at += 4) {
        std::memcpy(static_cast<char*>(memory_[i]) + at, &nan, 4);
      }
    }
    return true;
  }

  bool isWarmUp() const {
    for (std::size_t i = 0; i < memory_.size(); i++) {
      const std::string zeros(recording_.tensors[i].bytes, '\0');
      if (recording_.tensors[i].isInput && std::memcmp(memory_[i], zeros.data(), zeros.size()) != 0) return false;
    }
    return true;
  }

  const Recording& recording_;
  nvinfer1::ILogger& logger_;
  std::vector<void*> memory_;
};

class Engine : public nvinfer1::ICudaEngine {
 public:
  Engine(Recording recording, nvinfer1::ILogger& logger) : recording_(std::move(recording)), logger_(logger) {}
  nvinfer1::IExecutionContext* createExecutionContext() noexcept override { return new Context(recording_, logger_); }

#if NV_TENSORRT_MAJOR >= 10
  int32_t getNbIOTensors() const noexcept override { return static_cast<int32_t>(recording_.tensors.size()); }
  const char* getIOTensorName(int32_t index) const noexcept override { return at(index).name.c_str(); }
  nvinfer1::TensorIOMode getTensorIOMode(const char* name) const noexcept override {
    return find(name).isInput ? nvinfer1::TensorIOMode::kINPUT : nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::DataType getTensorDataType(const char*) const noexcept override { return nvinfer1::DataType::kFLOAT; }
  nvinfer1::Dims getTensorShape(const char* name) const noexcept override { return find(name).dimensions; }
#else
  int32_t getNbBindings() const noexcept override { return static_cast<int32_t>(recording_.tensors.size()); }
  const char* getBindingName(int32_t index) const noexcept override { return at(index).name.c_str(); }
  bool bindingIsInput(int32_t index) const noexcept override { return at(index).isInput; }
  nvinfer1::DataType getBindingDataType(int32_t) const noexcept override { return nvinfer1::DataType::kFLOAT; }
  nvinfer1::Dims getBindingDimensions(int32_t index) const noexcept override { return at(index).dimensions; }
#endif

 private:
  const Tensor& at(int32_t index) const { return recording_.tensors[static_cast<std::size_t>(index)]; }
#if NV_TENSORRT_MAJOR >= 10
  const Tensor& find(const char* name) const {
    for (const Tensor& tensor : recording_.tensors) {
      if (tensor.name == name) return tensor;
    }
    std::abort();
  }
#endif

  Recording recording_;
  nvinfer1::ILogger& logger_;
};

class Runtime : public nvinfer1::IRuntime {
 public:
  explicit Runtime(nvinfer1::ILogger& logger) : logger_(logger) {}
  nvinfer1::ICudaEngine* deserializeCudaEngine(const void* blob, std::size_t bytes) noexcept override {
    Recording recording;
    if (read(blob, bytes, recording)) return new Engine(std::move(recording), logger_);
    logger_.log(nvinfer1::ILogger::Severity::kERROR, "stand-in: this is no recording");
    return nullptr;
  }

 private:
  nvinfer1::ILogger& logger_;
};

using Clock = std::chrono::steady_clock;

}  // namespace

nvinfer1::IRuntime* nvinfer1::createInferRuntime(ILogger& logger) noexcept {
  logger.log(ILogger::Severity::kWARNING, "stand-in, not TensorRT: answers are recorded, times mean nothing");
  return new Runtime(logger);
}

extern "C" {
const char* cudaGetErrorString(cudaError_t error) { return error == cudaErrorMemoryAllocation ? "out of memory" : "unknown error"; }
cudaError_t cudaMalloc(void** memory, size_t bytes) {
  *memory = std::malloc(bytes);
  return *memory == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, size_t bytes) { return cudaMalloc(memory, bytes); }
cudaError_t cudaFree(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) { return cudaFree(memory); }
cudaError_t cudaMemcpyAsync(void* target, const void* source, size_t bytes, cudaMemcpyKind, cudaStream_t) {
  std::memcpy(target, source, bytes);
  return cudaSuccess;
}
cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  *stream = nullptr;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  capturing = true;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  capturing = false;
  *graph = nullptr;
  return captured ? cudaSuccess : cudaErrorUnknown;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = reinterpret_cast<cudaEvent_t>(new Clock::time_point());
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete reinterpret_cast<Clock::time_point*>(event);
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  *reinterpret_cast<Clock::time_point*>(event) = Clock::now();
  return cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  const auto between = *reinterpret_cast<Clock::time_point*>(end) - *reinterpret_cast<Clock::time_point*>(start);
  *milliseconds = std::chrono::duration<float, std::milli>(between).count();
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t) { return cudaSuccess; }
#if CUDART_VERSION >= 12000
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t, unsigned long long) {
#else
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t, cudaGraphNode_t*, char*, size_t) {
#endif
  *made = reinterpret_cast<cudaGraphExec_t>(&captured);
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return cudaSuccess; }
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) { return captured() ? cudaSuccess : cudaErrorUnknown; }
}
