"""Lists over DNS (RFC 5782): what is listed, as rows; a question's bytes in, an answer's bytes out."""
