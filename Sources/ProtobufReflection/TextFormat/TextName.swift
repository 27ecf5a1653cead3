// How text format names fields: as the schema does, groups by their type.

extension FieldDescriptor {
    /// The name in text format: the schema's, a group's type without its scope, an extension's in brackets.
    var textName: String {
        if isExtension { return "[\(name)]" }
        guard kind == .group else { return name }
        return typeName.split(separator: ".").last.map(String.init) ?? name
    }
}

extension MessageDescriptor {
    /// The field with a name in text format; a group also by its field's name. JSON names are not accepted.
    func field(textName name: String) -> FieldDescriptor? {
        if let index = record.byName[name], record.fields[index].name == name { return record.fields[index] }
        return record.byGroupName[name].map { record.fields[$0] }
    }
}
