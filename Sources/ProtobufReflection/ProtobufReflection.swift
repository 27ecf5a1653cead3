// Protobuf without generated code: descriptors, dynamic messages, and their JSON and text formats.
