"""How clients use the city's APIs: taken from the gateway workers, kept, asked for."""
