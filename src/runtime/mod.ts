/**
 * Running ONNX models in ONNX Runtime, with the tensors of the entry `graph`.
 *
 * @module
 */
export { createSession, type Session, type SessionOptions, supportedProviders } from "./session.ts";
