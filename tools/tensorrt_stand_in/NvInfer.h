/*
 * Stand-in for TensorRT's headers: the names that runner.cpp uses, written after the public interface, so that it can be compiled
 * and tested where TensorRT is not. The library behind it answers with recorded outputs. Not TensorRT, and no use beside tests.
 */
#pragma once
#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#ifndef NV_TENSORRT_MAJOR
#define NV_TENSORRT_MAJOR 8
#define NV_TENSORRT_MINOR 2
#endif

namespace nvinfer1 {

class ILogger {
 public:
  enum class Severity : int32_t { kINTERNAL_ERROR = 0, kERROR = 1, kWARNING = 2, kINFO = 3, kVERBOSE = 4 };
  virtual void log(Severity severity, const char* message) noexcept = 0;
  virtual ~ILogger() = default;
};

enum class DataType : int32_t { kFLOAT = 0, kHALF = 1, kINT8 = 2, kINT32 = 3 };
enum class TensorIOMode : int32_t { kNONE = 0, kINPUT = 1, kOUTPUT = 2 };

#if NV_TENSORRT_MAJOR >= 10
struct Dims {
  int32_t nbDims;
  int64_t d[8];
};
#else
struct Dims {
  int32_t nbDims;
  int32_t d[8];
};
#endif

class IExecutionContext {
 public:
  virtual ~IExecutionContext() = default;
#if NV_TENSORRT_MAJOR >= 10
  virtual bool setTensorAddress(const char* name, void* memory) noexcept = 0;
  virtual bool enqueueV3(cudaStream_t stream) noexcept = 0;
#else
  virtual bool enqueueV2(void* const* bindings, cudaStream_t stream, cudaEvent_t* consumed) noexcept = 0;
#endif
};

class ICudaEngine {
 public:
  virtual ~ICudaEngine() = default;
  virtual IExecutionContext* createExecutionContext() noexcept = 0;
#if NV_TENSORRT_MAJOR >= 10
  virtual int32_t getNbIOTensors() const noexcept = 0;
  virtual const char* getIOTensorName(int32_t index) const noexcept = 0;
  virtual TensorIOMode getTensorIOMode(const char* name) const noexcept = 0;
  virtual DataType getTensorDataType(const char* name) const noexcept = 0;
  virtual Dims getTensorShape(const char* name) const noexcept = 0;
#else
  virtual int32_t getNbBindings() const noexcept = 0;
  virtual const char* getBindingName(int32_t index) const noexcept = 0;
  virtual bool bindingIsInput(int32_t index) const noexcept = 0;
  virtual DataType getBindingDataType(int32_t index) const noexcept = 0;
  virtual Dims getBindingDimensions(int32_t index) const noexcept = 0;
#endif
};

class IRuntime {
 public:
  virtual ~IRuntime() = default;
  virtual ICudaEngine* deserializeCudaEngine(const void* blob, std::size_t bytes) noexcept = 0;
};

IRuntime* createInferRuntime(ILogger& logger) noexcept;

}  // namespace nvinfer1
