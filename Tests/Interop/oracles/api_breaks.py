"""Edits that break a promise of the API."""

from api_edits import BYTES, MESSAGE, NAME, STRING, TIGHTER, breaking, numbers, prepared


@prepared
def a_service_is_gone(api):
    file, service = api.pick(api.services())
    file.service.remove(service)
    return f"{file.package}.{service.name}", "is gone"


@prepared
def an_rpc_is_gone(api):
    name, service, method = api.pick(api.methods())
    service.method.remove(method)
    return name, "is gone"


@prepared
def a_message_is_gone(api):
    held = {field.type_name.lstrip(".") for _, _, field in api.fields(kept=False)}
    held |= {name.rsplit(".", 1)[0] for name in held}
    held |= {name for name, message in api.messages() if message.nested_type}
    name = api.pick(name for name, _ in api.messages() if name not in held)
    for file in api.files:
        for message in [each for each in file.message_type if f"{file.package}.{each.name}" == name]:
            file.message_type.remove(message)
        for service in file.service:
            for method in [each for each in service.method if f".{name}" in (each.input_type, each.output_type)]:
                service.method.remove(method)
    return name, "is gone"


@prepared
def a_field_is_gone(api):
    name, message, field = api.pick(api.fields())
    message.field.remove(field)
    return name, "is gone"


@prepared
def an_enum_value_is_gone(api):
    places = [(name, enum, value) for name, enum in api.enums() for value in enum.value
              if value.number and value.name not in api.used]
    name, enum, value = api.pick(places)
    enum.value.remove(value)
    return f"{name}.{value.name}", "is gone"


@prepared
def a_bound_is_narrower(api):
    name, rules, word = api.pick(api.bounds())
    setattr(rules, word, getattr(rules, word) + TIGHTER[word])
    return name, "takes less"


@prepared
def a_role_is_gone(api):
    name, call = api.pick((name, call) for name, call in api.calls() if call.roles)
    call.roles.remove(api.pick(call.roles))
    return name, "roles` lost"


@prepared
def a_reason_of_a_call_is_gone(api):
    # One that every call may answer is not gone with its name.
    every = api.pool.FindEnumTypeByName("telehealth.v1.ReasonScope").values_by_name["REASON_SCOPE_EVERY_CALL"].number
    everywhere = {value.number for _, enum in api.enums() for value in enum.value
                  if api.option(value.options, "telehealth.v1.reason").scope == every}
    name, call = api.pick((name, call) for name, call in api.calls() if set(call.reasons) - everywhere)
    call.reasons.remove(api.pick(set(call.reasons) - everywhere))
    return name, "reasons` lost"


@prepared
def a_metadata_key_is_gone(api):
    name, reason = api.pick((name, reason) for name, reason in api.reasons() if reason.metadata)
    reason.metadata.remove(api.pick(reason.metadata))
    return name, "lost"


@prepared
def an_idempotency_level_is_another(api):
    name, _, method = api.pick(api.methods())
    method.options.idempotency_level = api.pick({0, 1, 2} - {method.options.idempotency_level})
    return name, "idempotency_level"


@breaking
def a_field_has_another_name(api):
    name, _, field = api.pick(api.fields())
    field.name, field.json_name = NAME, "madeByAnEdit"
    return name, f"is {NAME} now"


@breaking
def a_field_has_another_number(api):
    name, message, field = api.pick(api.fields())
    field.number = max(each.number for each in message.field) + 7
    return name, "number was"


@breaking
def a_field_has_another_type(api):
    name, _, field = api.pick(each for each in api.fields() if each[2].type == STRING
                              and not api.has(each[2].options, "buf.validate.field"))
    field.type = BYTES
    return name, "type was"


@breaking
def a_field_holds_another_message(api):
    name, _, field = api.pick(each for each in api.fields() if each[2].type == MESSAGE)
    field.type_name = api.other_message(name, field.type_name)
    return name, "type was"


@breaking
def a_field_becomes_a_list(api):
    name, _, field = api.pick(each for each in api.fields() if each[2].label == 1)
    field.label = 3
    return name, "label was"


@breaking
def a_field_moves_into_a_oneof(api):
    name, message, field = api.pick(each for each in api.fields() if each[2].label == 1 and not any(
        other.proto3_optional for other in each[1].field))
    message.oneof_decl.add(name="made_oneof")
    field.oneof_index = len(message.oneof_decl) - 1
    return name, "oneof was"


@breaking
def a_fields_json_name_is_another(api):
    name, _, field = api.pick(api.fields())
    field.json_name = "another"
    return name, "json name was"


@breaking
def an_enum_value_has_another_number(api):
    name, enum = api.pick((name, enum) for name, enum in api.enums() if len(enum.value) > 1)
    value = api.pick(enum.value[1:])
    value.number = max(each.number for each in enum.value) + 7
    return f"{name}.{value.name}", "number was"


@breaking
def a_call_streams_otherwise(api):
    name, _, method = api.pick(api.methods())
    side = api.pick(["client_streaming", "server_streaming"])
    setattr(method, side, not getattr(method, side))
    return name, side.replace("_", " ")


@breaking
def a_call_takes_another_message(api):
    name, _, method = api.pick(api.methods())
    side = api.pick(["input_type", "output_type"])
    setattr(method, side, api.other_message(name, getattr(method, side)))
    return name, side.replace("_", " ")


@breaking
def an_rpc_moves_to_another_service(api):
    name, service, method, other = api.pick(
        (name, service, method, other) for name, service, method in api.methods() for file, other in api.services()
        if api.place[f"{file.package}.{other.name}"] >= api.place[name] and other.name != service.name)
    other.method.add().CopyFrom(method)
    service.method.remove(method)
    return name, "is gone"


@breaking
def a_reason_has_another_code(api):
    name, reason = api.pick(api.reasons())
    reason.code = api.pick(numbers(reason, "code") - {reason.code})
    return name, "code`"


@breaking
def a_reason_comes_to_fewer_calls(api):
    name, reason = api.pick((name, reason) for name, reason in api.reasons() if reason.scope)
    reason.scope = 0
    return name, "leaves out calls"


@breaking
def a_detail_of_a_reason_is_gone(api):
    name, reason, detail = api.pick((name, reason, field.name) for name, reason in api.reasons()
                                    for field, value in reason.ListFields() if value is True)
    reason.ClearField(detail)
    return name, detail


@breaking
def a_metadata_key_becomes_uncertain(api):
    name, reason = api.pick((name, reason) for name, reason in api.reasons() if reason.metadata)
    key = reason.metadata.pop()
    reason.metadata_sometimes.append(key)
    return name, f"lost the certainty of {key}"


@breaking
def a_standing_is_another(api):
    name, call = api.pick(api.calls())
    call.standing = api.pick(numbers(call, "standing") - {call.standing})
    return name, "standing`"


@breaking
def a_call_is_open_or_closed_now(api):
    name, call = api.pick(api.calls())
    call.open = not call.open
    return name, "open`"


@breaking
def an_emergency_counts_otherwise(api):
    name, call = api.pick(api.calls())
    call.emergency = not call.emergency
    return name, "emergency`"


@breaking
def a_field_is_of_another_class(api):
    name, _, field = api.pick(each for each in api.fields() if api.has(each[2].options, "telehealth.v1.data_class"))
    kind = api.pool.FindEnumTypeByName("telehealth.v1.DataClass")
    was = api.option(field.options, "telehealth.v1.data_class")
    other = api.pick(value.number for value in kind.values if value.number != was)
    field.options.Extensions[api.pool.FindExtensionByName("telehealth.v1.data_class")] = other
    return name, "data_class"


@breaking
def an_old_field_has_to_be_there(api):
    name, _, field = api.pick(each for each in api.fields() if not api.rules(each[2]).required)
    api.rules(field).required = True
    return name, "required"


@breaking
def an_old_field_gets_a_rule(api):
    name, _, field = api.pick(each for each in api.fields() if each[2].type == STRING and each[2].label == 1
                              and not api.has(each[2].options, "buf.validate.field"))
    getattr(api.rules(field), "string").max_len = 10**6
    return name, "takes less"


@breaking
def a_new_field_has_to_be_there(api):
    name, message = api.pick(api.messages())
    api.rules(api.add_field(message)).required = True
    return f"{name}.{NAME}", "new and required"


@breaking
def a_new_fields_absence_breaks_its_own_rule(api):
    name, message = api.pick(api.messages())
    api.rules(api.add_field(message)).string.uuid = True
    return f"{name}.{NAME}", "new and required"


@breaking
def a_new_oneof_has_to_be_there(api):
    name, message = api.pick((name, message) for name, message in api.messages()
                             if not any(field.proto3_optional for field in message.field))
    oneof = message.oneof_decl.add(name="made_oneof")
    api.option(oneof.options, "buf.validate.oneof").required = True
    api.add_field(message, oneof_index=len(message.oneof_decl) - 1)
    return f"{name}.made_oneof", "new and required"


@breaking
def an_option_of_generated_code_is_another(api):
    file = api.pick(api.files)
    setattr(file.options, api.pick(["go_package", "java_package", "csharp_namespace", "swift_prefix"]), "other/v1")
    return file.name, "was nothing"


@breaking
def an_option_that_nobody_judged_is_another(api):
    name, _, field = api.pick(each for each in api.fields() if each[2].label == 1)
    field.options.debug_redact = True
    return name, "debug_redact"


@breaking
def an_extension_has_another_number(api):
    file, extension = api.pick((file, each) for file in api.files for each in file.extension)
    extension.number += 1000
    return f"{file.package}.{extension.name}", "number was"
