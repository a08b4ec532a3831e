"""Types of what has to do with pointers and structs."""

from kinds import UINT64, Array, Bool, Enum, Int, Pointer, Reject, Str, Struct, literal_type
from memory import access_type, field_type

TRUTH = (Int, Bool, Enum, Pointer)


class MemoryTypes:
    @staticmethod
    def type_sizeof(node):
        return literal_type(node.value)

    type_offsetof = type_sizeof

    @staticmethod
    def text_type(kinds, node):
        """Of str()."""
        if not isinstance(kinds[0], Pointer) or not all(isinstance(kind, Int) for kind in kinds[1:]):
            raise Reject("str() of a pointer", node)
        if len(kinds) > 1 and node.kids[1].op == "int":
            if node.kids[1].value < 1:
                raise Reject("no length", node)
            return Str(min(node.kids[1].value + 1, node.room))
        if len(kinds) > 1 and (kinds[1].signed or kinds[1].flexible):
            raise Reject("a length that may be negative", node)
        return Str(node.room)

    def type_address(self, node):
        if node.kids[0].op != "var":
            raise Reject("the address of a variable only", node)
        kind = self.type(node.kids[0])
        return None if kind is None else Pointer(kind, "kernel")

    def type_deref(self, node):
        kind = self.type(node.kids[0])
        if kind is None:
            return None
        if not isinstance(kind, Pointer) or not isinstance(kind.target, (Int, Struct, Pointer)):
            raise Reject("nothing to read through", node)
        return self.in_space(kind.target, kind.space)

    @staticmethod
    def in_space(kind, space):
        """A pointer that was read is of the space that it was read from."""
        return Pointer(kind.target, kind.space or space) if isinstance(kind, Pointer) else kind

    @staticmethod
    def type_user_memory(_):
        return UINT64

    def type_field(self, node):
        kind = self.type(node.kids[0])
        if kind is None:
            return None
        space = ""
        while isinstance(kind, Pointer):
            space, kind = kind.space, kind.target
        field = kind.field(node.name) if isinstance(kind, Struct) else None
        if field is None:
            raise Reject("no such field", node)
        return self.in_space(field_type(field), space)

    @classmethod
    def pointed_at(cls, kind, index, node):
        if not isinstance(index, Int) or index.signed and index.flexible is not True:
            raise Reject("an index is unsigned", node)
        if isinstance(kind.target, (Str, Bool)):
            raise Reject("no elements of this type", node)
        return cls.in_space(access_type(kind.target), kind.space)

    @staticmethod
    def cast_to_pointer(source, target, node):
        if isinstance(source, Str) and node.kids[0].op != "str":
            raise Reject("how long a string stays is not described", node)
        if isinstance(source, Array) or not isinstance(source, (Int, Pointer, Str)):
            raise Reject("no address", node)
        space = source.space if isinstance(source, Pointer) else "kernel" if isinstance(source, Str) else \
            "user" if node.kids[0].op == "user_memory" else ""
        return Pointer(target.target, space)
