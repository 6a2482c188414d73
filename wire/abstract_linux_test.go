package wire

// abstract says whether there are Unix sockets in the abstract namespace.
const abstract = true
