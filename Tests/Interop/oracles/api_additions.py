"""Edits of the API that may come within v1."""

from api_edits import NAME, TIGHTER, allowed, numbers


@allowed
def a_bound_is_wider(api):
    name, rules, word = api.pick(each for each in api.bounds() if getattr(each[1], each[2]) or TIGHTER[each[2]] < 0)
    setattr(rules, word, getattr(rules, word) - TIGHTER[word])
    return name, f"{word} {getattr(rules, word)}"


@allowed
def a_field_need_not_be_there_any_more(api):
    name, _, field = api.pick(each for each in api.fields() if api.has(each[2].options, "buf.validate.field")
                              and api.rules(each[2]).required)
    api.rules(field).ClearField("required")
    return name, "required"


@allowed
def a_role_is_added(api):
    name, call = api.pick((name, call) for name, call in api.calls() if numbers(call, "roles") - set(call.roles))
    call.roles.append(api.pick(numbers(call, "roles") - set(call.roles)))
    return name, "roles`"


@allowed
def a_reason_of_a_call_is_added(api):
    name, call = api.pick(api.calls())
    call.reasons.append(api.pick(numbers(call, "reasons") - set(call.reasons)))
    return name, "reasons`"


@allowed
def a_metadata_key_is_added(api):
    name, reason = api.pick(api.reasons())
    api.pick([reason.metadata, reason.metadata_sometimes]).append(NAME)
    return name, NAME


@allowed
def a_detail_is_added_to_a_reason(api):
    name, reason = api.pick((name, reason) for name, reason in api.reasons() if not reason.retry_info)
    reason.retry_info = True
    return name, "retry_info"


@allowed
def an_enum_value_is_added(api):
    name, enum = api.pick(api.enums())
    enum.value.add(name="MADE_BY_AN_EDIT", number=max(value.number for value in enum.value) + 1)
    return f"{name}.MADE_BY_AN_EDIT", "is new"


@allowed
def a_field_is_added(api):
    name, message = api.pick(api.messages())
    api.add_field(message)
    return f"{name}.{NAME}", "is new"


@allowed
def a_field_with_a_rule_is_added(api):
    name, message = api.pick(api.messages())
    api.rules(api.add_field(message)).string.max_len = 10
    return f"{name}.{NAME}", "is new"


@allowed
def a_member_is_added_to_a_oneof(api):
    name, message, last = api.pick((name, message, place) for name, message in api.messages()
                                   for place, field in enumerate(message.field)
                                   if field.HasField("oneof_index") and not field.proto3_optional)
    api.add_field(message, oneof_index=message.field[last].oneof_index)
    # Members of a oneof stand together.
    message.field.insert(last + 1, message.field.pop())
    return f"{name}.{NAME}", "is new"


@allowed
def an_rpc_is_added(api):
    name, service, method = api.pick(api.methods())
    added = service.method.add()
    added.CopyFrom(method)
    added.name = "MadeByAnEdit"
    return f"{name.rsplit('.', 1)[0]}.MadeByAnEdit", "is new"


@allowed
def a_message_is_added(api):
    file = api.pick(file for file in api.files if file.package and file.syntax == "proto3")
    message = file.message_type.add(name="MadeByAnEdit")
    api.add_field(message)
    return f"{file.package}.MadeByAnEdit", "is new"


@allowed
def a_service_is_added(api):
    file, service = api.pick(api.services())
    added = file.service.add()
    added.CopyFrom(service)
    added.name = "MadeByAnEdit"
    return f"{file.package}.MadeByAnEdit", "is new"


@allowed
def something_is_deprecated(api):
    places = [(name, each) for listed in (api.messages(), api.enums()) for name, each in listed]
    places += [(name, each) for listed in (api.methods(), api.fields()) for name, _, each in listed]
    places += [(f"{file.package}.{service.name}", service) for file, service in api.services()]
    name, each = api.pick(place for place in places if not place[1].options.deprecated)
    each.options.deprecated = True
    return name, "deprecated"
